"""Random faults from a seed, for as long as asked: `uv run python -m tests.torture --minutes 10 --seed 1`."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from tests.torture.clients import Clients, make_torture_table
from tests.torture.cluster import Cluster, may_cut_networks
from tests.torture.faults import NETWORK_FAULTS, PROCESS_FAULTS


def torture(
    minutes: Annotated[float, typer.Option(help="How long.")] = 5,
    seed: Annotated[int, typer.Option(help="Which faults, in which order, and what the clients do.")] = 1,
    nodes: int = 3,
    brokers: int = 3,
    only: Annotated[str, typer.Option(help="Only faults whose name has this in it.")] = "",
) -> None:
    networks = may_cut_networks()
    if not networks:
        print("no network namespaces here: the network faults are left out")
    faults = PROCESS_FAULTS | (NETWORK_FAULTS if networks else {})
    faults = {name: fault for name, fault in faults.items() if only in name}
    chance = random.Random(seed)
    happened: Counter[str] = Counter()
    with Cluster(Path(f"/tmp/torture-{seed}"), brokers, nodes, networks=networks) as cluster:
        cluster.start()
        make_torture_table(cluster)
        started = time.monotonic()
        with Clients(cluster, seed) as clients:
            while time.monotonic() - started < minutes * 60:
                time.sleep(chance.uniform(0.5, 3))
                name = chance.choice(sorted(faults))
                begun = time.monotonic()
                print(f"{begun - started:7.1f} s  {name}", flush=True)
                faults[name](cluster, chance)
                happened[name] += 1
                print(f"{'':11}longest pause of writes {clients.longest_pause_s(begun):.2f} s", flush=True)
            time.sleep(2)
        print(f"checking {len(clients.history)} calls", flush=True)
        broken = clients.verdict()
        print(f"{len(clients.history)} calls, {clients.acknowledged()} answered; {dict(happened)}")
        if broken:
            dump = Path(f"/tmp/torture-{seed}-history.txt")
            dump.write_text("\n".join(map(repr, clients.history)))
            print(f"NOT LINEARIZABLE: keys {broken}; the history is in {dump}")
            sys.exit(1)
        print("every key's history is linearizable")


if __name__ == "__main__":
    typer.run(torture)
