"""What a node needs from outside: log, disk, other nodes, clock. Kafka and RocksDB provide it, or a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streamdyn.kafka.ports import Log, Topics
    from streamdyn.rpc.network import Network
    from streamdyn.storage.disk import Disk


class Environment(Protocol):
    """All of it, and the node's clock, in ms: it only goes forward, and counts sleep."""

    @property
    def log(self) -> Log:
        """Where commands go, and come from."""

    @property
    def topics(self) -> Topics:
        """The logs themselves."""

    @property
    def disk(self) -> Disk:
        """Where replicas are."""

    @property
    def network(self) -> Network:
        """The way to other nodes."""

    def clock_ms(self) -> int:
        """Now."""

    def new_id(self) -> bytes:
        """A command's id that there never was before."""
