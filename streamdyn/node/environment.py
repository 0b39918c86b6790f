"""The ports that a node needs: log, topics, disk, network and clock. `RunningNode` or the simulation provides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streamdyn.kafka.ports import Log, Topics
    from streamdyn.rpc.network import Network
    from streamdyn.storage.disk import Disk


class Environment(Protocol):
    """All ports of one node."""

    @property
    def log(self) -> Log:
        """The logs: append records, and follow topics."""

    @property
    def topics(self) -> Topics:
        """The logs' topics: create, delete, describe and trim them."""

    @property
    def disk(self) -> Disk:
        """The replicas' stores and checkpoints."""

    @property
    def network(self) -> Network:
        """The network to other nodes."""

    def clock_ms(self) -> int:
        """The time in ms. The clock never goes backwards, and counts the time in which the machine is suspended."""

    def new_id(self) -> bytes:
        """A unique id for a new command (16 bytes)."""
