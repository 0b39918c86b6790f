"""What may be in a log: the commands, in the words of the clients that sent them.

A record of the log is a `CommandBatch`: commands that travelled together. A command says what was asked for, never
what came of it; `apply` decides that, at the command's place in the log, the same way on every replica.
`schemas/command_batch.avsc` is the same list as Avro.

Nothing here is ever changed once it is made. What a replay makes by the million is not declared frozen all the same:
that costs a dataclass three times the time to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COMMAND_ID_BYTES = 16


@dataclass(slots=True)
class Expression:
    """An expression as its client sent it: its text, attribute names by placeholder, values as canonical JSON.

    It is parsed and evaluated where the command lies in the log.
    """

    text: str
    names: dict[str, str]
    values: bytes


@dataclass(slots=True)
class PutItem:
    """Replace the item under `key`, if `condition` holds for the one that is there.

    `item` is canonical DynamoDB JSON, which a read splices into its answer, and `size` its size as DynamoDB counts it.
    """

    id: bytes
    key: bytes
    item: bytes
    size: int
    wants_old: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False


@dataclass(slots=True)
class DeleteItem:
    """Remove the item under `key`, if `condition` holds; not an error if there is none."""

    id: bytes
    key: bytes
    wants_old: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False


@dataclass(slots=True)
class UpdateItem:
    """Change the item under `key` by `update`, if `condition` holds; `new_item` is what an absent one starts from.

    `new_item` is the JSON of the key attributes. Without an `update`, it is only made sure that there is an item.
    """

    id: bytes
    key: bytes
    new_item: bytes
    update: Expression | None = None
    wants_old: bool = False
    wants_new: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """Become the holder, at `epoch`, if the last accepted lease record is the one at position `after`.

    `life` names one run of the node's process: a lease record of an earlier life gives a restarted node nothing.
    """

    id: bytes
    node: str
    life: str
    epoch: int
    after: Position
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LeaseRenew:
    """Go on holding, from the moment before this record was sent, under the same compare-and-set as a claim."""

    id: bytes
    life: str
    epoch: int
    after: Position


@dataclass(frozen=True, slots=True)
class LeaseRelease:
    """Hand the lease back: the next claimer need not wait. Sent after its holder has stopped serving."""

    id: bytes
    life: str
    epoch: int
    after: Position


@dataclass(frozen=True, slots=True)
class Scrub:
    """Each replica notes its checksum at this place, for others to compare, and with `contents` makes a digest of all
    its rows, too.
    """

    id: bytes
    contents: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable:
    """Add a table in status CREATING. `table` is its metadata as JSON (see `tables`), all but its creation time."""

    id: bytes
    name: str
    table: bytes


@dataclass(frozen=True, slots=True)
class UpdateTable:
    """Change members of a table's metadata: `changes` is a JSON object of UpdateTable's. Some of them make its status
    UPDATING, the others take effect at once (see `table_changes`).
    """

    id: bytes
    name: str
    changes: bytes


@dataclass(frozen=True, slots=True)
class DeleteTable:
    """Put a table into status DELETING."""

    id: bytes
    name: str


@dataclass(frozen=True, slots=True)
class TagTable:
    """Give a table tags, or other values for tags that it has, and take away those with the keys `removed`."""

    id: bytes
    name: str
    added: dict[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetTimeToLive:
    """Let a table's items expire at the time that `attribute` tells, or end that."""

    id: bytes
    name: str
    attribute: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class FinishTable:
    """The work that a table's `status` asked for is done: CREATING and UPDATING become ACTIVE, DELETING ends the row.

    Named by `table_id` and `status`, so that a late one never touches a newer table of the same name, nor ends work
    that was asked for since. `topic_ids` are the Kafka ids of the partitions' topics, in their order, where the work
    made topics, and `replicas` the nodes that hold each of them.
    """

    id: bytes
    name: str
    table_id: str
    status: str
    topic_ids: tuple[str, ...] = ()
    replicas: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceReplicas:
    """Let the nodes `replicas`, and no others, hold a table's partition; the first of them should lead it.

    Void unless the partition's replicas are still `before`: two placements decided at once do not mix.
    """

    id: bytes
    name: str
    partition: str
    before: tuple[str, ...]
    replicas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterNode:
    """A node serves: other nodes reach it at `peer_address`, clients at `address` (each HOST:PORT)."""

    id: bytes
    node: str
    peer_address: str
    address: str


@dataclass(frozen=True, slots=True)
class SetNodeStatus:
    """Mark a node ACTIVE, DRAINING (it keeps what it has until others have it) or AWAY, or forget it (GONE; see
    `nodes`).
    """

    id: bytes
    node: str
    status: str


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A command's place in its partition's log: the record's Kafka offset, and the index in its batch."""

    offset: int
    index: int


START = Position(-1, 0)
"""Before the first command of a log."""

# For isinstance: a tuple is three times as quick as a union.
ITEM_COMMANDS = (PutItem, DeleteItem, UpdateItem)
LEASE_COMMANDS = (LeaseClaim, LeaseRenew, LeaseRelease)
TABLE_COMMANDS = (CreateTable, UpdateTable, DeleteTable, TagTable, SetTimeToLive, FinishTable, PlaceReplicas)
NODE_COMMANDS = (RegisterNode, SetNodeStatus)
META_COMMANDS = (*TABLE_COMMANDS, *NODE_COMMANDS)

ItemCommand = PutItem | DeleteItem | UpdateItem
LeaseCommand = LeaseClaim | LeaseRenew | LeaseRelease
TableCommand = CreateTable | UpdateTable | DeleteTable | TagTable | SetTimeToLive | FinishTable | PlaceReplicas
NodeCommand = RegisterNode | SetNodeStatus
MetaCommand = TableCommand | NodeCommand
Command = ItemCommand | LeaseCommand | MetaCommand | Scrub


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command: the row before it and after it, where the command asked for them, and where it failed a
    DynamoDB error type and message.
    """

    old: bytes | None = None
    new: bytes | None = None
    error: str | None = None
    message: str | None = None


DONE = Outcome()
"""The outcome of a command that succeeded and had nothing to tell."""


@dataclass(slots=True)
class Record:
    """One record as the log gives it back. `commands` is None where the bytes are no command batch: it is skipped."""

    offset: int
    timestamp_ms: int
    commands: tuple[Command, ...] | None


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Consecutive records. Offsets may be missing in between (Kafka's own markers)."""

    base: int
    next: int
    records: list[Record] = field(default_factory=list)
