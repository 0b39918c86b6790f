"""The metadata of a node: its row in the `meta` partition.

A node registers at each start, which makes it ACTIVE. Placement (`control.placement`) reads the status:

- ACTIVE: the node can hold and lead replicas.
- DRAINING: the node leads nothing and gets no new replicas. It keeps each replica until another ACTIVE node that did
  not hold the partition has caught up. If there is no such node, it keeps the replica.
- AWAY: the node has not been seen for long. It loses each replica once enough ACTIVE nodes have caught up.
- GONE: the row is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

ACTIVE = "ACTIVE"
DRAINING = "DRAINING"
AWAY = "AWAY"
GONE = "GONE"

# The prefix of the rows' keys. The name of a table has no slash, so the two cannot collide.
NODE_KEY = b"/node/"


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """Everything that `meta` has about one node.

    `peer_address` is where other nodes reach it, `address` where clients do; both are HOST:PORT.
    """

    id: str
    peer_address: str
    address: str
    status: str


def encode_node(node: NodeInfo) -> bytes:
    """The row of a node: JSON, with the fields of NodeInfo as members."""
    return orjson.dumps(node)


def decode_node(row: bytes) -> NodeInfo:
    """The node in a row that `encode_node` made. Raises JSONDecodeError, KeyError or TypeError for any other row."""
    return NodeInfo(**orjson.loads(row))
