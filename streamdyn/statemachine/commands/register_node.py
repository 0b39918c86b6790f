"""RegisterNode: a node serves, and where."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.model.nodes import ACTIVE, NodeInfo, encode_node
from streamdyn.statemachine.meta import NodeCommand


@dataclass(frozen=True, slots=True)
class RegisterNode(NodeCommand):
    """A node serves: other nodes reach it at `peer_address`, clients at `address` (each HOST:PORT)."""

    id: bytes
    node: str
    peer_address: str
    address: str

    def change(self, row: bytes | None) -> bytes | None:
        del row
        return encode_node(NodeInfo(self.node, self.peer_address, self.address, ACTIVE))
