"""Describe: the status of a node's replicas, for `streamdyn status` and before replicas and leaders are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.partition.status import ReplicaStatus, status_of
from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Described(Message, tag="Replicas"):
    """The status of each of the node's replicas."""

    replicas: list[ReplicaStatus]


class Describe(Question):
    """The status of all replicas of the node."""

    async def answer(self, node: AnsweringNode) -> Described:
        return Described([status_of(partition) for partition in node.replicas.partitions.values()])
