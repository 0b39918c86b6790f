"""What a command is: an entry of a partition's log that says what was asked for, never what came of it.

`apply` decides that, at the command's place in the log, the same way on every replica. Each command has a file in
`statemachine.commands`: its dataclass, whose fields are those of its Avro record in `schemas/`, and its `apply`.
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
        """The row with a stored key (a space's byte, see `model.indexes`, and a storage key)."""

    def write(self, key: bytes, row: bytes | None) -> None:
        """The row with a stored key is `row` from here on; None: there is none."""

    def write_item(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        """Write an item's row, and the rows that the local indexes have of it; `old` is read where there are any."""

    def check_owns_key(self, storage_key: bytes) -> Outcome | None:
        """Why an item with this key is not written here, or None: since format 2, another partition owns its hash."""

    def set_lease(self, lease: Lease | None) -> None:
        """The lease after a lease record; None: the record is void."""

    def scrub(self, *, contents: bool) -> None:
        """Note the checksum before this record, and with `contents` that a digest of the rows is wanted."""

    def raise_format(self, number: int) -> None:
        """The log has format `number` from here on, if it was an older one. Raises NewerFormatError."""

    def set_schema(self, schema: Schema) -> None:
        """The log has this schema from here on, if the one before is an older version."""


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
        """Carry the command out; None where nobody waits for its outcome.

        Raises ApiError where DynamoDB would refuse, before anything is written, and ValueError, LookupError, TypeError,
        AttributeError or ArithmeticError where a foreign producer's command makes no sense.
        """
        raise NotImplementedError

    def record_bytes(self) -> int:
        """About the bytes that the client's part of the command adds to a record."""
        return 0
