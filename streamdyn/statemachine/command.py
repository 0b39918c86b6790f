"""What a command is: an entry of a partition's log that says what a client asks for, not what the result is.

The command's `apply` computes the result from the replica's state at the command's place in the log. Every replica
computes the same. Each command has a file in `statemachine.commands` with its dataclass and its `apply`. The fields of
the dataclass are those of its Avro record in `schemas/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from streamdyn.model.positions import Position
    from streamdyn.model.schema import LogKind, Schema
    from streamdyn.statemachine.lease import Lease
    from streamdyn.statemachine.outcomes import Outcome

COMMAND_ID_BYTES = 16


class Transition(Protocol):
    """What a command reads and changes: the state of a replica at the command's place in the log.

    `clock_ms` is the log's clock, in ms since the Unix epoch. It never goes backwards. `position` is the command's
    place in the log, and is set only for a command that is not `DEDUPED`. `format`, `schema` and `lease` are those that
    hold before the command. Nothing is stored until the whole batch of records is applied.
    """

    @property
    def clock_ms(self) -> int: ...
    @property
    def position(self) -> Position: ...
    @property
    def format(self) -> int: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def lease(self) -> Lease: ...

    def read(self, key: bytes) -> bytes | None:
        """The row under a stored key, or None. A stored key is a space's byte (see `model.indexes`) and a storage key.

        Earlier writes of the same batch are included. Raises PartitionError if the disk fails.
        """

    def write(self, key: bytes, row: bytes | None) -> None:
        """Put `row` under a stored key, or remove the row if `row` is None."""

    def write_item(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        """Put or remove an item's row, and its rows in the table's local secondary indexes.

        `old` is the row before. It is used only if the table has indexes.
        """

    def check_owns_key(self, storage_key: bytes) -> Outcome | None:
        """None if this partition owns the key's hash, else an outcome with the error OUT_OF_RANGE.

        Always None in format 1, whose logs do not name their hash range.
        """

    def set_lease(self, lease: Lease | None) -> None:
        """Set the lease that follows from a lease record, or count the record as void if `lease` is None."""

    def scrub(self, *, contents: bool) -> None:
        """Note the checksum before this record. `contents` asks for a digest of all rows, too."""

    def raise_format(self, number: int) -> None:
        """Raise the log's format to `number`, unless it is that new already.

        Raises NewerFormatError if this node does not know the format.
        """

    def set_schema(self, schema: Schema) -> None:
        """Replace the log's schema, if `schema` has a higher version. Does nothing in format 1."""


class Command:
    """One command. Its fields are the fields of its Avro record, in the same order.

    `id` has COMMAND_ID_BYTES bytes. All attempts of one API call have the same id.

    `LOG_KIND` is the kind of log that may hold the command. None means every kind.

    `DEDUPED` says that the dedupe window covers the command: if its id is in the window, it is not applied again, and
    its outcome is that of the first attempt.

    A command is immutable. The commands of items are still not declared frozen: a replay makes millions of them, and a
    frozen dataclass takes three times as long to make.
    """

    __slots__ = ()
    LOG_KIND: ClassVar[LogKind | None] = None
    DEDUPED: ClassVar[bool] = True

    id: bytes

    def apply(self, transition: Transition) -> Outcome | None:
        """Execute the command. The result is its outcome, or None if no client waits for one (lease records).

        Raises ApiError where DynamoDB refuses the request. Raises ValueError, LookupError, TypeError, AttributeError or
        ArithmeticError for a malformed command: Kafka producers other than streamdyn may write to the log. Nothing has
        been written by then.
        """
        raise NotImplementedError

    def refusal(self, transition: Transition) -> Outcome | None:
        """Why this log does not take the command now, or None. Nothing remembers it: a retry is applied as new."""
        del transition
        return None

    def record_bytes(self) -> int:
        """The approximate size, in bytes, of the client's data in the encoded command."""
        return 0
