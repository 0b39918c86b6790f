"""The client for other nodes: its methods return plain values, and raise the error with which a node refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from streamdyn.errors import Unreachable
from streamdyn.partition.scrubs import ScrubResult
from streamdyn.rpc.answering import CheckpointFiles, Health
from streamdyn.rpc.codec import decode_answer, encode
from streamdyn.rpc.messages import Message, Question, Refused
from streamdyn.rpc.questions.describe import Describe
from streamdyn.rpc.questions.make_checkpoint import MakeCheckpoint
from streamdyn.rpc.questions.ping import Ping
from streamdyn.rpc.questions.read_checkpoint import ReadCheckpoint
from streamdyn.rpc.questions.read_scrub import ReadScrub
from streamdyn.rpc.questions.rebuild import Rebuild
from streamdyn.rpc.questions.verify_replica import VerifyReplica
from streamdyn.rpc.refusals import to_error
from streamdyn.settings import CHECKPOINT_TIMEOUT_MS, PING_TIMEOUT_MS, REQUEST_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.partition.status import ReplicaStatus
    from streamdyn.rpc.messages import Answerable, Responder
    from streamdyn.rpc.network import Network

A = TypeVar("A", bound=Message)


class Peers:
    """All nodes of the cluster, by id. This one, `node`, is asked without the network: `own_server` answers.

    Every method raises Unreachable if there is no answer in time. It also raises the error with which the other node
    refuses: NotLeader, OutOfService or another ApiError. `RemoteReplica` has the questions about a partition's data.

    `format` returns the cluster's format. All nodes know the commands of this format.
    """

    def __init__(
        self,
        node: str,
        network: Network,
        own_server: Callable[[], Responder],
        cluster_format: Callable[[], int],
    ) -> None:
        self._node = node
        self._network = network
        self._own_server = own_server
        self.format = cluster_format

    async def ping(self, node: str) -> Health:
        """Ask a node whether it is alive, which nodes it reaches, and whether it can append. Waits PING_TIMEOUT_MS."""
        pong = await self.ask(node, Ping(), PING_TIMEOUT_MS)
        return Health(pong.reaches, pong.can_append, pong.newest_format)

    async def describe(self, node: str) -> dict[str, ReplicaStatus]:
        """Ask a node for the status of its replicas. The result is by the partition's id. Waits PING_TIMEOUT_MS."""
        described = await self.ask(node, Describe(), PING_TIMEOUT_MS)
        return {status.partition: status for status in described.replicas}

    async def make_checkpoint(self, node: str, partition: str) -> CheckpointFiles:
        """Let a node make a checkpoint of its replica, and keep it. Waits CHECKPOINT_TIMEOUT_MS."""
        made = await self.ask(node, MakeCheckpoint(partition), CHECKPOINT_TIMEOUT_MS)
        return CheckpointFiles(made.offset, made.files)

    async def read_checkpoint(self, node: str, partition: str, offset: int, name: str, start: int) -> bytes:
        """Read a chunk of the file `name` of a node's checkpoint at `offset`, from byte `start` on. Empty at its end.

        Waits REQUEST_TIMEOUT_MS. See `storage.disk.Checkpoints.read_chunk`.
        """
        return (await self.ask(node, ReadCheckpoint(partition, offset, name, start), REQUEST_TIMEOUT_MS)).data

    async def scrub_result(
        self, node: str, partition: str, offset: int, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> ScrubResult:
        """Ask a node for the result of the scrub whose record is at `offset`. Waits `timeout_ms` ms for it."""
        noted = await self.ask(node, ReadScrub(partition, timeout_ms, offset), timeout_ms)
        return ScrubResult(noted.checksum, noted.digest, noted.rows)

    async def rebuild(self, node: str, partition: str, offset: int) -> None:
        """Let a node set aside its replica, which is wrong at `offset`, and make another one."""
        await self.ask(node, Rebuild(partition, offset), REQUEST_TIMEOUT_MS)

    async def verify_replica(self, node: str, partition: str, offset: int, timeout_ms: int) -> ScrubResult:
        """Let a node rebuild its replica in a temporary store, from its newest checkpoint and the log up to a scrub.

        The result is that of the scrub whose record is at `offset`. Waits `timeout_ms` ms.
        """
        noted = await self.ask(node, VerifyReplica(partition, offset), timeout_ms)
        return ScrubResult(noted.checksum, noted.digest, noted.rows)

    async def ask(self, node: str, question: Answerable[A], timeout_ms: int) -> A:
        """Ask a node one of the questions in `rpc.questions`, and wait `timeout_ms` ms for the answer."""
        asked = cast("Question", question)
        if node == self._node:
            answer = await self._own_server().respond(asked)
        else:
            body = await self._network.ask(node, encode(asked), timeout_ms)
            try:
                answer = decode_answer(body)
            except msgspec.DecodeError as error:
                raise Unreachable(f"{node} answers what is no answer ({error})") from None
        if isinstance(answer, Refused):
            raise to_error(answer)
        return cast("A", answer)
