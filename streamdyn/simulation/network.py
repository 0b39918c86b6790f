"""The network between simulated machines and Kafka: messages that are late, lost, or overtake each other, and cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.simulation.world import network_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from streamdyn.simulation.world import World

KAFKA = "kafka"
SLOW_MS = 1_500
RETRY_MS = 200
# When the sender hears that its connection has ended.
NOTICED_MS = 200, 3_000


class Network:
    """Who reaches whom. A cut goes one way: nothing that `sender` sends reaches `receiver`, and none of them hears."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cuts: set[tuple[str, str]] = set()

    def cut(self, sender: str, receiver: str) -> None:
        self._cuts.add((sender, receiver))

    def mend(self) -> None:
        """All cuts."""
        self._cuts.clear()

    def is_cut(self, sender: str, receiver: str) -> bool:
        return (sender, receiver) in self._cuts

    def is_kafka_cut(self, machine: str) -> bool:
        return self.is_cut(machine, KAFKA) or self.is_cut(KAFKA, machine)

    def send(
        self, sender: str, receiver: str, random: Random, arrive: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        """A message, which arrives some time later, or is lost, with the connection. Two that are sent one after the
        other may swap.
        """
        world, scenario = self._world, self._world.scenario
        link = f"{sender}-{receiver}"
        if world.goes_wrong("lost messages", scenario.lost_message, link):
            world.after(random.uniform(*NOTICED_MS), lost)
            return
        late_ms = SLOW_MS * random.random() if world.goes_wrong("slow messages", scenario.slow_message, link) else 0
        world.after(network_ms(random) + late_ms, lambda: self._try(sender, receiver, arrive))

    def _try(self, sender: str, receiver: str, arrive: Callable[[], None]) -> None:
        """As TCP does: again and again, until the cut is mended."""
        if self.is_cut(sender, receiver):
            self._world.after(RETRY_MS, lambda: self._try(sender, receiver, arrive))
        else:
            arrive()
