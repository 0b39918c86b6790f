"""The log of the tables: every command about a table or a node, and every reason to refuse it."""

from __future__ import annotations

from dataclasses import replace

from tests.golden.drafting import META, Draft, c
from tests.golden.script_garbage import garbage
from tests.golden.script_leases import changes_of_holder, first_lease
from tests.golden.script_odd_tables import odd_changes, odd_metadata
from tests.golden.table_commands import INFREQUENT, ON_DEMAND, REPLICAS, Commands, provisioned, warm


def meta() -> Draft:
    draft = Draft("meta", "the tables and the nodes", META)
    first_lease(draft)
    lives_of_a_table(draft)
    capacity(draft)
    other_changes(draft)
    placement(draft)
    odd_metadata(draft)
    odd_changes(draft)
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
    draft.record(
        never.update({"TableClass": "STANDARD"}), never.changed(), never.update({"TableClass": 7}), never.changed()
    )
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
    table = Commands(draft, "PlacedPartition")
    draft.record(table.create(), table.place("PlacedPartition.id-1.0", (), ("node-a",)))
    draft.each(
        table.made(),
        table.place("PlacedPartition.id-1.0", REPLICAS[0], ("node-d", "node-b", "node-c")),
        table.place("PlacedPartition.id-1.0", REPLICAS[0], ("node-e",)),
        table.place("PlacedPartition.id-1.0", ("node-b", "node-d", "node-c"), ("node-e",)),
        table.place("PlacedPartition.id-1.1", REPLICAS[1], ()),
        table.place("PlacedPartition.id-1.1", (), ("node-a", "node-a")),
        table.place("PlacedPartition.id-1.2", (), ("node-a",)),
        table.place("", (), ("node-a",)),
        Commands(draft, "absent").place("PlacedPartition.id-1.0", (), ("node-a",)),
        table.update(ON_DEMAND),
        table.place("PlacedPartition.id-1.0", ("node-d", "node-b", "node-c"), REPLICAS[0]),
        table.finish("UPDATING", ("again-0", "again-1"), REPLICAS),
        table.update(INFREQUENT),
        table.finish("UPDATING", ("one",), REPLICAS[:1]),
        table.finish("UPDATING", ("one", "two"), REPLICAS[:1]),
        table.finish("UPDATING", (), REPLICAS),
    )


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
        c.PutItem(draft.id(), b"PlacedPartition", b"{}", 2),
        c.DeleteItem(draft.id(), b"PlacedPartition", wants_old=True),
        c.UpdateItem(draft.id(), b"PlacedPartition", b"{}", wants_new=True),
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
