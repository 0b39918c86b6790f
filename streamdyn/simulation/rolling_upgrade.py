"""A rolling upgrade in a run: machines begin with the release that knows only format 1, and end with this one.

In the first half of the trouble, all machines but one go forth and back between the two, at any time. In the second
half each gets the newer release for good. The one that stayed behind is among them: only then may the cluster raise its
format.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamdyn.simulation.node_machine import NodeMachine
    from streamdyn.simulation.world import World

STEPS_MAX = 3
RETRY_MS = 500


class RollingUpgrade:
    """Of the cluster of `machines`, within `run_ms`."""

    def __init__(self, world: World, machines: Mapping[str, NodeMachine], run_ms: float) -> None:
        self._world = world
        self._machines = machines
        self._random = random = world.stream("upgrade")
        first, *others = machines.values()
        for machine in machines.values():
            machine.install(FIRST_FORMAT)
        for machine in others:
            for _ in range(random.randint(0, STEPS_MAX)):
                release = random.choice((FIRST_FORMAT, NEWEST_FORMAT))
                world.after(random.uniform(0, run_ms / 2), partial(self._replace, machine, release))
        for machine in (first, *others):
            world.after(random.uniform(0.6, 0.9) * run_ms, partial(self._replace, machine, NEWEST_FORMAT))

    def _replace(self, machine: NodeMachine, newest_format: int) -> None:
        """Its process ends, and is started again with another release."""
        if newest_format != FIRST_FORMAT and not self._all_are_registered():
            # A node of the older release that nobody knows of yet keeps nobody from raising the format.
            self._world.after(RETRY_MS, partial(self._replace, machine, newest_format))
            return
        self._world.tell(machine.name, f"gets the release that knows format {newest_format}")
        machine.install(newest_format)
        if not machine.life:
            return  # it is down, and starts by itself
        self._world.count("releases installed")
        if self._random.random() < 0.5:
            machine.stop()
        else:
            machine.crash()

    def _all_are_registered(self) -> bool:
        nodes = [machine.node for machine in self._machines.values() if machine.node is not None]
        return any(node.directory.nodes.keys() >= self._machines.keys() for node in nodes)
