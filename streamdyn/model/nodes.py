"""A node's metadata: the row of it in the `meta` log.

A node registers at each start. Its status says what the placement of replicas (`placement`) makes of it: ACTIVE holds
replicas; DRAINING leads nothing, gets no more replicas, and keeps each that it has until an ACTIVE node that did not
hold the partition has caught up in its place, for good if there is no such node; AWAY has not been seen for long, so it
holds nothing more once as many ACTIVE nodes as are wanted have caught up. A node that registers again is ACTIVE. One
that is set to GONE has no row any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

ACTIVE = "ACTIVE"
DRAINING = "DRAINING"
AWAY = "AWAY"
GONE = "GONE"

# No table's name has a slash.
NODE_KEY = b"/node/"


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """Everything that the `meta` log knows of one node. The addresses are HOST:PORT."""

    id: str
    peer_address: str
    address: str
    status: str


def encode_node(node: NodeInfo) -> bytes:
    return orjson.dumps(node)


def decode_node(row: bytes) -> NodeInfo:
    return NodeInfo(**orjson.loads(row))
