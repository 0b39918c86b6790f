"""SetNodeStatus: set a node's status, or remove the node from the cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamdyn.model.nodes import ACTIVE, AWAY, DRAINING, GONE, decode_node, encode_node
from streamdyn.statemachine.meta import NodeCommand


@dataclass(frozen=True, slots=True)
class SetNodeStatus(NodeCommand):
    """Set the status of the node `node` to ACTIVE, DRAINING or AWAY. GONE removes its row. See `model.nodes`.

    Nothing changes if there is no such node, or for any other status.
    """

    id: bytes
    node: str
    status: str

    def change(self, row: bytes | None) -> bytes | None:
        if self.status == GONE:
            return None
        if row is None or self.status not in (ACTIVE, DRAINING, AWAY):
            return row
        return encode_node(replace(decode_node(row), status=self.status))
