"""What the scripts of golden logs are written with: a log in the making, and short ways to say a command.

Nothing here is random: the same script gives the same records, so a second recording differs in the broker's
timestamps only, and in what follows from them.
"""

from __future__ import annotations

from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.model.keys import KeySchema, LocalIndex, storage_key
from streamdyn.model.positions import START, Position
from streamdyn.model.tables import PartitionInfo, Table, encode_table
from streamdyn.model.values import canonicalize_item, canonicalize_value
from streamdyn.wal.codec import encode_batch
from tests.golden import commands as c

if TYPE_CHECKING:
    from streamdyn.statemachine.records import FeedRange

TABLE, META = "table", "meta"
HEAD = encode_batch(())[:-1]
"""What every batch of today's schema begins with: the framing, without the Avro data."""

LEASE_MS = 2_000

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Append:
    """One record as it is sent. `transaction` is "commit" or "abort" where a foreign producer sends it in one.

    `header` is the Kafka header `format`, and `timestamp_ms` counts where the topic takes its producers' times.
    """

    value: bytes | None
    header: bytes | None = None
    timestamp_ms: int | None = None
    transaction: str | None = None


@dataclass(slots=True)
class Draft:
    """A log in the making. `kind` tells which commands belong into it; a "table" has `keys` and `indexes`.

    With `own_clock`, the topic takes its producers' timestamps: somebody has set it so, behind the node's back.
    """

    name: str
    about: str
    kind: str
    keys: KeySchema | None = None
    indexes: tuple[LocalIndex, ...] = ()
    own_clock: bool = False
    appends: list[Append] = field(default_factory=list)
    offset: int = 0
    """Of the next record, as Kafka will count it: a transaction takes one more, for its end."""
    clock_ms: int = 0
    """The timestamp of the next record, with `own_clock`."""
    lease: Position = START
    """Of the last lease record that the log has accepted, as the script says."""
    ids: int = 0
    number: int = 1
    """The format of the next records."""
    keeps_store: bool = True
    """Whether what a store holds in the end is recorded, too."""

    # --- records ---

    def append(self, value: bytes | None, header: bytes | None = None, transaction: str | None = None) -> int:
        """Any bytes as a record: its offset."""
        offset = self.offset
        self.appends.append(Append(value, header, self.clock_ms if self.own_clock else None, transaction))
        self.offset += 1 if transaction is None else 2
        return offset

    def record(
        self,
        *commands: c.Command,
        header: bytes | None = None,
        transaction: str | None = None,
        feed: FeedRange | None = None,
    ) -> int:
        """A batch of commands as a record, which tells its format in the header as a node does: its offset."""
        if header is None and self.number > 1:
            header = b"%d" % self.number
        return self.append(encode_batch(commands, self.number, feed), header, transaction)

    def each(self, *commands: c.Command, together: int = 1) -> None:
        """Every command in a record of its own, or so many of them `together`."""
        for start in range(0, len(commands), together):
            self.record(*commands[start : start + together])

    def id(self) -> bytes:
        """A command id that no other command of the log has."""
        self.ids += 1
        return number_id(self.ids)

    # --- items ---

    def key(self, key: Item) -> bytes:
        """The storage key of an item, or of its key attributes."""
        assert self.keys is not None
        return storage_key(self.keys, key)

    def put(self, item: Item, where: c.Expression | None = None, **wants: bool) -> c.PutItem:
        size = canonicalize_item(item)
        return c.PutItem(self.id(), self.key(item), orjson.dumps(item), size, condition=where, **wants)

    def delete(self, key: Item, where: c.Expression | None = None, **wants: bool) -> c.DeleteItem:
        return c.DeleteItem(self.id(), self.key(key), condition=where, **wants)

    def update(
        self, key: Item, update: c.Expression | None = None, where: c.Expression | None = None, **wants: bool
    ) -> c.UpdateItem:
        assert self.keys is not None
        canonicalize_item(key)
        new = orjson.dumps({name: key[name] for name in self.keys.names})
        return c.UpdateItem(self.id(), self.key(key), new, update, condition=where, **wants)

    # --- leases: each in a record of its own, where it is accepted ---

    def claim(self, node: str, life: str, epoch: int, duration_ms: int = LEASE_MS) -> c.LeaseClaim:
        return c.LeaseClaim(self.id(), node, life, epoch, self.lease, duration_ms)

    def renew(self, life: str, epoch: int) -> c.LeaseRenew:
        return c.LeaseRenew(self.id(), life, epoch, self.lease)

    def release(self, life: str, epoch: int) -> c.LeaseRelease:
        return c.LeaseRelease(self.id(), life, epoch, self.lease)

    def accepted(self, command: c.LeaseCommand, *behind: c.Command) -> None:
        """A lease record that the log will accept, with commands behind it."""
        self.lease = Position(self.record(command, *behind), 0)


def number_id(number: int) -> bytes:
    return number.to_bytes(c.COMMAND_ID_BYTES, "big")


def says(text: str, values: Item | None = None, names: dict[str, str] | None = None) -> c.Expression:
    """An expression as a node writes it, with canonical values.

    The values are given without the colons of their placeholders, the names without their #.
    """
    given = deepcopy(values or {})
    for value in given.values():
        canonicalize_value(value)
    return c.Expression(
        text,
        {f"#{name}": attribute for name, attribute in (names or {}).items()},
        orjson.dumps({f":{name}": value for name, value in given.items()}),
    )


def metadata(name: str, table_id: str = "id-1", *, partitions: int = 2, **settings: Any) -> bytes:
    """The metadata of a new table, as a node writes it."""
    indexes = (LocalIndex("by_n", "n", "N", "INCLUDE", ("x", "y")), LocalIndex("by_b", "b", "B", "ALL"))
    members = {
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        **settings,
    }
    infos = tuple(
        PartitionInfo(f"{name}.{table_id}.{n}", f"streamdyn.{name}.{table_id}.{n}", n * 2**63)
        for n in range(partitions)
    )
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"
    keys = KeySchema("k", "S", "s", "N")
    table = Table(name, table_id, arn, "CREATING", 0, keys, infos, members, indexes if partitions == 2 else ())
    return encode_table(table)


# --- attribute values ---


def string(text: str) -> Item:
    return {"S": text}


def number(text: str | int) -> Item:
    return {"N": str(text)}


def binary(content: bytes) -> Item:
    return {"B": b64encode(content).decode()}


def items(*values: Item) -> Item:
    """A list."""
    return {"L": list(values)}


def fields(**values: Item) -> Item:
    """A map."""
    return {"M": values}


def nested(levels: int) -> Item:
    """A value of so many levels: lists in one another, with a number in the middle."""
    value = number(1)
    for _ in range(levels - 1):
        value = items(value)
    return value
