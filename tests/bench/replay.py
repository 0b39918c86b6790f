"""How fast a node rebuilds a replica from its log: on one core, from a running Kafka into an empty RocksDB.

    python -m tests.bench.replay BOOTSTRAP DATA_DIR

Takes the node's own way (reader thread, Faust agent, apply, RocksDB), pinned to one core with all its threads. Counted
from the first batch of items to the last. DATA_DIR holds nothing but the `node-id` of the node that holds the partitions:
this is that node once more, which has lost its replicas, and ends before it does anything else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from streamdyn.cli.up import tune_garbage_collector
from streamdyn.node.data_dir import DataDir
from streamdyn.node.running import Addresses, RunningNode
from streamdyn.settings import Settings
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.storage.replica import Replica

if TYPE_CHECKING:
    from streamdyn.statemachine.records import RecordBatch

commands, records = 0, 0
first = last = cpu_first = cpu_last = 0.0


def count_commands() -> None:
    """Count what the replicas apply; the table's rows are far fewer than the commands that wrote them."""
    apply = Replica.apply

    def counting(replica: Replica, batch: RecordBatch) -> object:
        global commands, records, first, last, cpu_first, cpu_last  # noqa: PLW0603
        if not isinstance((batch.records[0].commands or (None,))[-1], PutItem):
            return apply(replica, batch)  # the tables' log, or a lease
        first, cpu_first = first or time.perf_counter(), cpu_first or time.process_time()
        effects = apply(replica, batch)
        commands += sum(len(record.commands or ()) for record in batch.records)
        records += len(batch.records)
        last, cpu_last = time.perf_counter(), time.process_time()
        return effects

    Replica.apply = counting  # type: ignore[method-assign,assignment]


async def replay(bootstrap: str, data_dir: Path) -> dict[str, float]:
    count_commands()
    tune_garbage_collector()
    home = DataDir(data_dir)
    home.acquire()
    nowhere = Addresses("127.0.0.1", 0, "127.0.0.1", 0)
    node = RunningNode(home, bootstrap, Settings(), nowhere, lambda line: print(line, file=sys.stderr))
    await node.start()
    await node.stop()
    return {
        "commands": commands,
        "records": records,
        "per_second": commands / (last - first),
        "per_cpu_second": commands / (cpu_last - cpu_first),
    }


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(uvloop.run(replay(sys.argv[1], Path(sys.argv[2])))))
