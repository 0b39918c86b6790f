"""The log of the tables: every command about a table or a node, and every reason to refuse it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from tests.golden.drafting import META, Draft, c, metadata
from tests.golden.script_garbage import garbage
from tests.golden.script_leases import changes_of_holder, first_lease

if TYPE_CHECKING:
    from collections.abc import Sequence

Changes = dict[str, Any]

ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}
INFREQUENT = {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
REPLICAS = (("node-a", "node-b", "node-c"), ("node-b", "node-c", "node-a"))


def units(read: int, write: int) -> Changes:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def provisioned(read: int, write: int) -> Changes:
    return {"ProvisionedThroughput": units(read, write)}


def warm(**members: int) -> Changes:
    return {"WarmThroughput": {f"{name}UnitsPerSecond": units for name, units in members.items()}}


class Commands:
    """The commands about one table of a log."""

    def __init__(self, draft: Draft, name: str, table_id: str = "id-1") -> None:
        self.draft, self.name, self.table_id = draft, name, table_id

    def create(self, **settings: Any) -> c.CreateTable:
        return self.create_as(metadata(self.name, self.table_id, **settings))

    def create_as(self, table: bytes) -> c.CreateTable:
        return c.CreateTable(self.draft.id(), self.name, table)

    def update(self, *changes: Changes) -> c.UpdateTable:
        merged = {member: value for change in changes for member, value in change.items()}
        return self.update_as(orjson.dumps(merged))

    def update_as(self, changes: bytes) -> c.UpdateTable:
        return c.UpdateTable(self.draft.id(), self.name, changes)

    def delete(self) -> c.DeleteTable:
        return c.DeleteTable(self.draft.id(), self.name)

    def tag(self, added: dict[str, str], *removed: str) -> c.TagTable:
        return c.TagTable(self.draft.id(), self.name, added, removed)

    def expire(self, attribute: str, *, enabled: bool = True) -> c.SetTimeToLive:
        return c.SetTimeToLive(self.draft.id(), self.name, attribute, enabled)

    def finish(
        self, status: str, topics: Sequence[str] = (), replicas: Sequence[tuple[str, ...]] = (), table_id: str = ""
    ) -> c.FinishTable:
        id_ = table_id or self.table_id
        return c.FinishTable(self.draft.id(), self.name, id_, status, tuple(topics), tuple(replicas))

    def made(self) -> c.FinishTable:
        return self.finish("CREATING", ("topic-0", "topic-1"), REPLICAS)

    def changed(self) -> c.FinishTable:
        return self.finish("UPDATING")

    def removed(self) -> c.FinishTable:
        return self.finish("DELETING")

    def place(self, partition: str, before: tuple[str, ...], replicas: tuple[str, ...]) -> c.PlaceReplicas:
        return c.PlaceReplicas(self.draft.id(), self.name, partition, before, replicas)

    def in_any_status(self) -> list[c.Command]:
        """One of each kind that a status can forbid."""
        return [
            self.create(),
            self.update(provisioned(9, 9)),
            self.update(ON_DEMAND),
            self.update(INFREQUENT),
            self.update({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}),
            self.update({"DeletionProtectionEnabled": False}),
            self.update({}),
            self.tag({"status": "any"}),
            self.tag({}, "status"),
            self.expire("other"),
            self.expire("other", enabled=False),
            self.finish("ACTIVE"),
            self.finish("UNKNOWN"),
            self.place(f"{self.name}.{self.table_id}.0", ("nobody",), ("somebody",)),
        ]


def meta() -> Draft:
    draft = Draft("meta", "the tables and the nodes", META)
    first_lease(draft)
    lives_of_a_table(draft)
    capacity(draft)
    other_changes(draft)
    placement(draft)
    odd_metadata(draft)
    nodes(draft)
    changes_of_holder(draft, lambda: c.RegisterNode(draft.id(), "node-a", "host:1", "host:2"))
    foreign(draft)
    garbage(draft, lambda: c.SetNodeStatus(draft.id(), "node-a", "DRAINING"), kind=14)
    draft.record(draft.release("d-😀", 6), c.Scrub(draft.id(), contents=True))
    return draft


def lives_of_a_table(draft: Draft) -> None:
    """Through all statuses, with what each of them forbids; then another table of the name, and late commands."""
    one = Commands(draft, "Music")
    draft.each(*(command for command in one.in_any_status() if not isinstance(command, c.CreateTable)))
    draft.each(one.delete(), one.made(), one.removed())
    draft.record(one.create(**provisioned(2, 3), Tags=[{"Key": "made", "Value": "with"}]))
    draft.each(
        *one.in_any_status(), one.delete(), one.changed(), one.removed(), one.finish("CREATING", table_id="id-0")
    )
    draft.record(one.made())
    draft.each(*one.in_any_status(), one.made(), one.changed(), one.removed())
    draft.record(one.changed())
    draft.record(one.update(INFREQUENT))
    draft.each(*one.in_any_status(), one.delete(), one.made(), one.removed())
    draft.record(one.changed(), one.delete())
    draft.each(*one.in_any_status(), one.delete(), one.made(), one.changed())
    draft.record(one.removed(), one.removed(), one.delete())
    again = Commands(draft, "Music", "id-2")
    draft.record(again.create(**ON_DEMAND), one.made(), one.removed(), again.made(), one.changed(), again.delete())
    draft.each(one.removed(), again.changed(), again.removed(), again.removed())
    retried = again.create(partitions=1)
    draft.record(retried, again.finish("CREATING", ("topic-0",), REPLICAS[:1]), retried)
    draft.record(retried, again.update({"DeletionProtectionEnabled": True}))
    draft.record(again.delete(), again.update({"DeletionProtectionEnabled": False}), again.delete(), again.removed())


def capacity(draft: Draft) -> None:
    """Provisioned and on demand, more and less, and what the two do not allow."""
    table = Commands(draft, "Capacity")
    done = table.changed
    draft.record(table.create(**provisioned(5, 5)), table.made())
    for changes in (
        provisioned(5, 5),
        provisioned(6, 5),
        provisioned(6, 4),
        provisioned(7, 3),
        provisioned(1, 1),
        provisioned(1, 1) | INFREQUENT,
        provisioned(2, 2) | INFREQUENT,
        {"BillingMode": "PROVISIONED"},
        {"BillingMode": "PROVISIONED"} | provisioned(2, 2),
        {"BillingMode": "PROVISIONED"} | provisioned(3, 2),
        {"OnDemandThroughput": {"MaxReadRequestUnits": 5}},
        {"OnDemandThroughput": {"MaxWriteRequestUnits": 5, "MaxReadRequestUnits": 5}},
        ON_DEMAND | provisioned(4, 4),
        ON_DEMAND,
        provisioned(4, 4),
        ON_DEMAND,
        {"OnDemandThroughput": {"MaxReadRequestUnits": 5}},
        {"OnDemandThroughput": {"MaxWriteRequestUnits": 7}},
        {"OnDemandThroughput": {"MaxReadRequestUnits": -1}},
        {"OnDemandThroughput": {"MaxReadRequestUnits": 9, "MaxWriteRequestUnits": -1}},
        {"BillingMode": "PROVISIONED"} | provisioned(4, 4),
        {"BillingMode": "PROVISIONED"},
        ON_DEMAND | {"OnDemandThroughput": {"MaxReadRequestUnits": 3}},
        {"BillingMode": "PROVISIONED"},
        ON_DEMAND,
        warm(Read=12_000),
        warm(Read=11_999),
        warm(Write=3_999, Read=20_000),
        warm(Write=5_000, Read=20_000),
        warm(Write=5_000, Read=19_999),
        {"BillingMode": "PROVISIONED"} | provisioned(30_000, 1),
        provisioned(1, 30_000),
    ):
        before, after = table.update(changes), table.update({})
        draft.record(before)
        draft.record(done(), after)
    # What is asked for while a change goes on.
    draft.each(
        table.update(provisioned(8, 8)),
        table.update(provisioned(9, 9)),
        table.update({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}),
        table.update(INFREQUENT),
        table.update({"TableClass": "STANDARD"}),
        table.update(warm(Read=50_000)),
        table.update({"DeletionProtectionEnabled": True}),
        table.tag({"while": "updating"}),
        table.expire("while_updating"),
        table.delete(),
        done(),
        table.delete(),
    )
    # All in one record: a decrease is counted by its log time, which is the same for all of them.
    changes = [table.update(provisioned(n, n)) for n in (7, 9, 6, 5)]
    draft.record(*(command for change in changes for command in (change, done())))
    never = Commands(draft, "Never")
    draft.record(never.create(), never.made(), never.update(ON_DEMAND), never.changed(), never.update({}))
    draft.record(never.update({"BillingMode": "PROVISIONED"}), never.changed(), never.update(provisioned(0, 0)))


def other_changes(draft: Draft) -> None:
    """Class, deletion protection, tags and expiry."""
    table = Commands(draft, "Other")
    draft.record(table.create(**ON_DEMAND, DeletionProtectionEnabled=True, **INFREQUENT), table.made(), table.delete())
    draft.each(
        table.update(INFREQUENT),
        table.changed(),
        table.update({"TableClass": "STANDARD"}),
        table.changed(),
        table.update({"TableClass": "STANDARD"}),
        table.changed(),
        table.update({"DeletionProtectionEnabled": False}),
        table.update({"DeletionProtectionEnabled": True, "TableClass": "STANDARD"}),
        table.changed(),
        table.update({"Unknown": "member", "DeletionProtectionEnabled": True}),
        table.delete(),
        table.tag({str(n): "v" for n in range(50)}),
        table.tag({"50": "v"}),
        table.tag({"0": "w", "49": ""}),
        table.tag({"50": "v"}, "0"),
        table.tag({"51": "v", "52": "v"}, "1"),
        table.tag({}, *map(str, range(10)), "absent"),
        table.tag({"1": "both"}, "1"),
        table.tag({"ä 😀": "ö"}),
        table.tag({}),
        table.expire("ttl", enabled=False),
        table.expire("ttl"),
        table.expire("ttl"),
        table.expire("other"),
        table.expire("other", enabled=False),
        table.expire("ttl", enabled=False),
        table.expire("ttl", enabled=False),
        table.expire("other"),
        table.expire(""),
        table.expire("other", enabled=False),
        table.expire(""),
    )


def placement(draft: Draft) -> None:
    table = Commands(draft, "Placed")
    draft.record(table.create(), table.place("Placed.id-1.0", (), ("node-a",)))
    draft.each(
        table.made(),
        table.place("Placed.id-1.0", REPLICAS[0], ("node-d", "node-b", "node-c")),
        table.place("Placed.id-1.0", REPLICAS[0], ("node-e",)),
        table.place("Placed.id-1.0", ("node-b", "node-d", "node-c"), ("node-e",)),
        table.place("Placed.id-1.1", REPLICAS[1], ()),
        table.place("Placed.id-1.1", (), ("node-a", "node-a")),
        table.place("Placed.id-1.2", (), ("node-a",)),
        table.place("", (), ("node-a",)),
        Commands(draft, "absent").place("Placed.id-1.0", (), ("node-a",)),
        table.update(ON_DEMAND),
        table.place("Placed.id-1.0", ("node-d", "node-b", "node-c"), REPLICAS[0]),
        table.finish("UPDATING", ("again-0", "again-1"), REPLICAS),
        table.update(INFREQUENT),
        table.finish("UPDATING", ("one",), REPLICAS[:1]),
        table.finish("UPDATING", ("one", "two"), REPLICAS[:1]),
        table.finish("UPDATING", (), REPLICAS),
    )


def odd_metadata(draft: Draft) -> None:
    """Metadata that is none, which creates nothing; and some that is odd, with which a table cannot do everything."""
    table, whole = odd_table(draft)
    for text in (b"", b"no JSON", b"null", b"7", b"[]", b'"Odd"', b"{}", b"\xff"):
        draft.record(table.create_as(text), table.update_as(text), table.delete())
    for member in whole:
        lacks = {name: value for name, value in whole.items() if name != member}
        draft.record(table.create_as(orjson.dumps(lacks)), table.made(), table.delete(), table.removed())
    partition, index = whole["partitions"][0], whole["indexes"][0]
    for odd in (
        {"name": "Even"},
        {"status": "ACTIVE"},
        {"status": None},
        {"partitions": []},
        {"partitions": None},
        {"partitions": [{}]},
        {"partitions": [partition, {**partition, "unknown": 1}]},
        {"partitions": [{**partition, "replicas": None}]},
        {"partitions": {"replicas": []}},
        {"keys": {}},
        {"keys": None},
        {"keys": {"partition": "k"}},
        {"keys": {"partition": 1, "partition_type": 2}},
        {"keys": {"partition": "k", "partition_type": "S", "unknown": 1}},
        {"indexes": [index, {}]},
        {"indexes": [{**index, "attributes": 7}]},
        {"indexes": None},
        {"times": None},
        {"times": {"unknown": 1}},
        {"unknown": 1},
    ):
        table, whole = odd_table(draft)
        draft.record(table.create_as(orjson.dumps(whole | odd)), table.delete(), table.finish("CREATING"))
    for odd in (
        {"settings": None},
        {"settings": []},
        {"settings": "text"},
        {"settings": {"Tags": None}},
        {"settings": {"Tags": [{"Key": 1, "Value": 2}]}},
        {"settings": {"Tags": [{}]}},
        {"settings": {"BillingMode": 7}},
        {"settings": {"ProvisionedThroughput": None}},
        {"settings": {"ProvisionedThroughput": {"ReadCapacityUnits": "1"}}},
        {"settings": {"ProvisionedThroughput": [1, 2]}},
        {"settings": {"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": None}},
        {"settings": {"WarmThroughput": None}},
        {"settings": {"WarmThroughput": {"ReadUnitsPerSecond": "many"}}},
        {"pending": None},
        {"pending": {"ProvisionedThroughput": None}},
        {"pending": {"ProvisionedThroughput": {"ReadCapacityUnits": 1}}},
        {"pending": {"TableClass": None, "BillingMode": None}},
        {"times": {"increased_ms": "never", "decreases": None}},
        {"times": {"decreased_ms": "never"}},
        {"ttl_attribute": 7},
        {"id": None},
        {"arn": None},
        {"created_ms": "never"},
        {"partitions": [{"id": 1, "topic": 2, "first_hash": 3, "replicas": "abc"}]},
        {"indexes": [{**index, "attributes": "abc"}]},
    ):
        table, whole = odd_table(draft)
        odd_id = odd.get("id", "id-1") or ""
        made = replace(table.finish("CREATING", ("topic",) * 2, REPLICAS), table_id=odd_id)
        draft.record(table.create_as(orjson.dumps(whole | odd)), made, table.finish("CREATING"))
        draft.record(
            table.tag({"a": "b"}),
            table.expire("ttl"),
            table.update(provisioned(1, 2)),
            table.changed(),
            table.update(ON_DEMAND),
            table.changed(),
            table.update({"OnDemandThroughput": {"MaxReadRequestUnits": 1}}),
            table.update(warm(Read=12_001)),
            table.update(INFREQUENT),
            table.place("1", (), ("node-a",)),
        )
        draft.record(table.changed(), table.delete(), table.removed(), table.finish("CREATING"), table.delete())
    odd_changes(draft)


def odd_table(draft: Draft) -> tuple[Commands, dict[str, Any]]:
    """A name that no table has had, since some odd tables cannot be deleted, and metadata to make odd."""
    name = f"Odd{draft.offset}"
    return Commands(draft, name), orjson.loads(metadata(name))


def odd_changes(draft: Draft) -> None:
    """Changes that are none, of a table on provisioned capacity and then of one on demand."""
    for name, settings in (("Steady", provisioned(2, 2)), ("Paid", ON_DEMAND)):
        table = Commands(draft, name)
        draft.record(table.create(**settings), table.made())
        for odd in (
            b"",
            b"{",
            b"7",
            b"null",
            b"[]",
            b'["BillingMode"]',
            b'"BillingMode"',
            b'{"BillingMode": null}',
            b'{"BillingMode": 7}',
            b'{"BillingMode": "OTHER"}',
            b'{"BillingMode": ["PROVISIONED"]}',
            b'{"ProvisionedThroughput": null}',
            b'{"ProvisionedThroughput": 7}',
            b'{"ProvisionedThroughput": {}}',
            b'{"ProvisionedThroughput": {"ReadCapacityUnits": 9}}',
            b'{"ProvisionedThroughput": {"ReadCapacityUnits": "9", "WriteCapacityUnits": 9}}',
            b'{"ProvisionedThroughput": {"ReadCapacityUnits": 9.5, "WriteCapacityUnits": -1}}',
            b'{"ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 3, "Other": 3}}',
            b'{"OnDemandThroughput": null}',
            b'{"OnDemandThroughput": {}}',
            b'{"OnDemandThroughput": {"MaxReadRequestUnits": "1"}}',
            b'{"OnDemandThroughput": {"Other": 1, "Another": -1}}',
            b'{"OnDemandThroughput": [1]}',
            b'{"WarmThroughput": null}',
            b'{"WarmThroughput": {}}',
            b'{"WarmThroughput": {"ReadUnitsPerSecond": null}}',
            b'{"WarmThroughput": {"Other": 1}}',
            b'{"TableClass": null}',
            b'{"TableClass": 7}',
            b'{"DeletionProtectionEnabled": null}',
            b'{"DeletionProtectionEnabled": "yes"}',
        ):
            draft.record(table.update_as(odd), table.changed(), table.update({}))
        draft.record(table.delete(), table.update({"DeletionProtectionEnabled": False}))


def nodes(draft: Draft) -> None:
    def register(node: str, port: int) -> c.RegisterNode:
        return c.RegisterNode(draft.id(), node, f"{node}.example:{port}", f"{node}.example:{port + 1}")

    def status(node: str, status: str) -> c.SetNodeStatus:
        return c.SetNodeStatus(draft.id(), node, status)

    draft.each(
        register("node-a", 7000),
        register("node-b", 7100),
        register("node-a", 7200),
        register("", 1),
        register("ä/😀", 2),
        status("node-a", "DRAINING"),
        status("node-a", "DRAINING"),
        status("node-a", "AWAY"),
        status("node-a", "ACTIVE"),
        status("node-a", "FLYING"),
        status("node-a", ""),
        status("node-b", "AWAY"),
        register("node-b", 7100),
        status("node-x", "AWAY"),
        status("node-x", "FLYING"),
        status("node-x", "GONE"),
        status("node-a", "GONE"),
        status("node-a", "ACTIVE"),
        register("node-a", 7300),
    )
    together = register("node-c", 1), status("node-c", "DRAINING"), status("node-c", "GONE"), register("node-c", 2)
    draft.record(*together, *together)
    # A foreign table whose name is a node's key.
    table = Commands(draft, "/node/node-t")
    draft.each(
        table.create(),
        status("node-t", "AWAY"),
        status("node-t", "FLYING"),
        table.made(),
        register("node-t", 1),
        table.delete(),
        table.tag({"a": "b"}),
        table.made(),
        table.place("p", (), ()),
        status("node-t", "AWAY"),
        status("node-t", "GONE"),
    )
    empty = Commands(draft, "")
    draft.each(empty.create(), empty.made(), empty.delete(), empty.removed())


def foreign(draft: Draft) -> None:
    """Item commands do not belong here."""
    draft.each(
        c.PutItem(draft.id(), b"Placed", b"{}", 2),
        c.DeleteItem(draft.id(), b"Placed", wants_old=True),
        c.UpdateItem(draft.id(), b"Placed", b"{}", wants_new=True),
        c.PutItem(draft.id(), b"", b"no item", -1),
    )
    table = Commands(draft, "Mixed")
    twice = table.create()
    draft.record(
        twice,
        c.DeleteItem(draft.id(), b"Mixed"),
        table.made(),
        c.Scrub(draft.id()),
        twice,
        replace(table.delete(), id=twice.id),
        table.update(ON_DEMAND),
        draft.renew("nobody", 0),
        table.tag({"a": "b"}),
        c.Scrub(draft.id(), contents=True),
    )
    draft.record(c.Scrub(draft.id(), contents=True), table.changed())
