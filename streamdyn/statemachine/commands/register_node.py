"""RegisterNode: add a node to the cluster, or update its addresses."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.model.nodes import ACTIVE, NodeInfo, encode_node
from streamdyn.statemachine.meta import NodeCommand


@dataclass(frozen=True, slots=True)
class RegisterNode(NodeCommand):
    """Add the node `node`, or update its row, with status ACTIVE. Other nodes reach it at `peer_address`, clients at
    `address`; each is HOST:PORT.
    """

    id: bytes
    node: str
    peer_address: str
    address: str

    def change(self, row: bytes | None) -> bytes | None:
        del row
        return encode_node(NodeInfo(self.node, self.peer_address, self.address, ACTIVE))
