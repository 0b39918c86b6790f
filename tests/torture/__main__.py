"""Random faults from a seed, for as long as asked: `uv run python -m tests.torture --minutes 10 --seed 1`."""

from __future__ import annotations

import random
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from tests.torture.clients import Clients, make_torture_table
from tests.torture.cluster import Cluster
from tests.torture.faults import possible
from tests.torture.history import write_lines
from tests.torture.judges import judge, who_judges
from tests.torture.log_check import judge_logs, save, take_traces
from tests.torture.schedule import Planned, plan

if TYPE_CHECKING:
    from tests.torture.faults import Fault

RECOVERED_WRITES = 20


def torture(
    minutes: Annotated[float, typer.Option(help="How long.")] = 5,
    seed: Annotated[int, typer.Option(help="Which faults, in which order, and what the clients do.")] = 1,
    nodes: int = 3,
    brokers: int = 3,
    partitions: Annotated[int, typer.Option(help="Of the clients' table.")] = 3,
    only: Annotated[str, typer.Option(help="Only faults whose name has this in it.")] = "",
) -> None:
    """A cluster, clients, faults, and a verdict; exit status 1 if anything was wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(mkdtemp(prefix="torture-", dir="/tmp"))
    with Cluster(folder / "cluster", brokers, nodes, ("--partitions", str(partitions))) as cluster:
        for lack in cluster.lacks:
            print(f"left out: {lack}")
        faults = [fault for fault in possible(cluster) if only in fault.name]
        cluster.start()
        make_torture_table(cluster)
        with Clients(cluster, seed) as clients:
            happened = _timeline(cluster, clients, seed, faults, minutes)
        write_lines(clients.history, folder / "history.jsonl")
        print(f"checking {len(clients.history)} calls with {who_judges()}", flush=True)
        traces = take_traces(cluster, clients)
    logs = judge_logs(traces)
    wrong = judge(clients.history) + logs.wrong + clients.oddities
    print(f"{_outcomes(clients)}; faults: {dict(happened)}")
    print(f"in the logs: {dict(logs.counts)}")
    print(f"the longest write outage: {clients.longest_outage_s():.1f} s")
    if wrong:
        print("\n".join(wrong[:20]))
        save(traces, folder)
        print(f"VIOLATED {len(wrong)} times; the history and the logs are in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)
    print("every key's history is linearizable, and the logs conform")


def _timeline(cluster: Cluster, clients: Clients, seed: int, faults: list[Fault], minutes: float) -> Counter[str]:
    happened: Counter[str] = Counter()
    started = time.monotonic()
    for planned in plan(seed, faults):
        time.sleep(planned.rest_s)
        begun = time.monotonic()
        if begun - started > minutes * 60:
            return happened
        print(f"{begun - started:7.1f} s  {planned}", flush=True)
        _carry_out(cluster, planned)
        clients.wait_for_writes(RECOVERED_WRITES)
        outage_s = clients.longest_outage_s(int(begun * 1e9))
        print(f"{'':11}took {time.monotonic() - begun:.1f} s; writes waited for {outage_s:.1f} s", flush=True)
        happened.update(fault.name for fault in planned.faults)
    raise AssertionError("a plan has no end")


def _carry_out(cluster: Cluster, planned: Planned) -> None:
    """All at once. What a thread raises is raised here."""
    errors: list[Exception] = []

    def act(fault: Fault) -> None:
        try:
            fault.act(cluster, random.Random(planned.seed))
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=act, args=(fault,)) for fault in planned.faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _outcomes(clients: Clients) -> str:
    counts = Counter(call.outcome for call in clients.history)
    retried = sum(call.attempts > 1 for call in clients.history)
    return f"{len(clients.history)} calls, {retried} of them retried: {dict(counts)}"


if __name__ == "__main__":
    typer.run(torture)
