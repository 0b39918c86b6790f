"""What nodes ask each other, and what they answer: MessagePack arrays, whose first element is the type's name.

Messages travel between nodes of one version, or of two during a rolling upgrade: members are only ever added, at the
end and with a default, which is what msgspec's arrays allow for.
"""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, array_like=True, tag=True):
    """A question or an answer. `timeout_ms` is how long its asker goes on waiting."""


# --- questions ---


class Ping(Message):
    """Are you there? Answer: Pong."""


class Routed(Message):
    """A question about a partition. With a hop left, a node that is not the leader may pass it on to the leader."""

    partition: str
    timeout_ms: int
    hops: int


class Write(Routed):
    """Append a command: `batch` is a command batch of one. Answer: Written."""

    batch: bytes


class Lead(Routed):
    """Claim the lease, if you may. Answer: At."""


class Read(Routed):
    """The row of a stored key, once the record at `after` is applied. Answer: Found."""

    key: bytes
    consistency: str
    after: int


class ReadPage(Routed):
    """A page of the rows of a range of stored keys, as `Read`. Answer: FoundPage."""

    start: bytes
    stop: bytes
    backwards: bool
    rows: int
    size: int
    consistency: str
    after: int


class Confirm(Routed):
    """For a follower's strong read: your next offset, once you have applied what lies before `next_offset`, under a
    valid lease. Answer: At.
    """

    next_offset: int


class Describe(Message):
    """What do you hold? Answer: Replicas."""


class CountItems(Message):
    """Items and bytes of one of your partitions, as last counted. Answer: Counted."""

    partition: str


class MakeCheckpoint(Message):
    """Make a checkpoint of your replica, and keep it. Answer: Manifest."""

    partition: str


class ReadCheckpoint(Message):
    """The next chunk of a file of a checkpoint. Answer: Chunk."""

    partition: str
    offset: int
    name: str
    start: int


class Scrub(Routed):
    """Append a scrub. Answer: At, with the offset of its record."""

    contents: bool


class ReadScrub(Message):
    """What your replica notes at the scrub at `offset`, once it is applied. Answer: Noted."""

    partition: str
    timeout_ms: int
    offset: int


class Rebuild(Message):
    """Your replica is wrong: set it aside, and make another one. Answer: At."""

    partition: str
    offset: int


class Rehearse(Message):
    """Rebuild your replica beside itself, from your last checkpoint and the log up to a scrub. Answer: Noted."""

    partition: str
    offset: int


Question = (
    Ping
    | Write
    | Lead
    | Read
    | ReadPage
    | Confirm
    | Describe
    | CountItems
    | MakeCheckpoint
    | ReadCheckpoint
    | Scrub
    | ReadScrub
    | Rebuild
    | Rehearse
)


# --- answers ---


class Pong(Message):
    """Yes, and these are the nodes that answer me; `well` is whether I can append to the logs."""

    reaches: list[str]
    well: bool


class Written(Message):
    """An outcome, and the command's place in its log."""

    old: bytes | None
    new: bytes | None
    error: str | None
    text: str | None
    offset: int
    index: int


class Found(Message):
    row: bytes | None


class FoundPage(Message):
    rows: list[bytes]
    size: int
    full: bool


class At(Message):
    """The offset that a replica applies next."""

    next_offset: int


class ReplicaStatus(Struct):
    """One replica as its node sees it. `leader` is the node that leads as far as the replica knows."""

    partition: str
    next_offset: int
    leader: str | None
    epoch: int
    leads: bool
    lease_remaining_ms: int
    skipped: int
    void: int
    checksum: str
    failure: str | None


class Replicas(Message):
    replicas: list[ReplicaStatus]


class Counted(Message):
    items: int
    size: int


class Manifest(Message):
    """A checkpoint's next offset, and its files with their sizes in bytes."""

    offset: int
    files: list[tuple[str, int]]


class Chunk(Message):
    data: bytes


class Noted(Message):
    """A checksum, and where the scrub asked for it the digest of the rows and their number."""

    checksum: str
    digest: str | None
    rows: int


class Refused(Message):
    """An exception: its type's name, and what it was made of."""

    kind: str
    text: str | None


Answer = Pong | Written | Found | FoundPage | At | Replicas | Counted | Manifest | Chunk | Noted | Refused
