"""SetNodeStatus: whether a node holds replicas, or is one of the cluster at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamdyn.model.nodes import ACTIVE, AWAY, DRAINING, GONE, decode_node, encode_node
from streamdyn.statemachine.meta import NodeCommand


@dataclass(frozen=True, slots=True)
class SetNodeStatus(NodeCommand):
    """Mark a node ACTIVE, DRAINING (it keeps what it has until others have it) or AWAY, or forget it (GONE; see
    `nodes`).
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
