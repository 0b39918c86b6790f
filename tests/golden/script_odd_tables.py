"""Metadata of tables, and changes of them, that no node would write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from tests.golden.drafting import metadata
from tests.golden.table_commands import INFREQUENT, ON_DEMAND, REPLICAS, Commands, provisioned, warm

if TYPE_CHECKING:
    from tests.golden.drafting import Draft

PARTITION = orjson.loads(metadata("Odd"))["partitions"][0]
INDEX = orjson.loads(metadata("Odd"))["indexes"][0]

NO_METADATA: list[dict[str, Any]] = [
    {"name": "Even"},
    {"status": "ACTIVE"},
    {"status": None},
    {"partitions": []},
    {"partitions": None},
    {"partitions": [{}]},
    {"partitions": [PARTITION, {**PARTITION, "unknown": 1}]},
    {"partitions": [{**PARTITION, "replicas": None}]},
    {"partitions": {"replicas": []}},
    {"keys": {}},
    {"keys": None},
    {"keys": {"partition": "k"}},
    {"keys": {"partition": 1, "partition_type": 2}},
    {"keys": {"partition": "k", "partition_type": "S", "unknown": 1}},
    {"indexes": [INDEX, {}]},
    {"indexes": [{**INDEX, "attributes": 7}]},
    {"indexes": None},
    {"times": None},
    {"times": {"unknown": 1}},
    {"unknown": 1},
]
"""Members that most of all make it none; a few are good enough."""

ODD_METADATA: list[dict[str, Any]] = [
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
    {"indexes": [{**INDEX, "attributes": "abc"}]},
]
"""Members with which a table is made, and cannot do everything."""


def odd_metadata(draft: Draft) -> None:
    """Metadata that is none, which creates nothing; and some that is odd, with which a table cannot do everything."""
    table, whole = odd_table(draft)
    for text in (b"", b"no JSON", b"null", b"7", b"[]", b'"Odd"', b"{}", b"\xff"):
        draft.record(table.create_as(text), table.update_as(text), table.delete())
    for member in whole:
        lacks = {name: value for name, value in whole.items() if name != member}
        draft.record(table.create_as(orjson.dumps(lacks)), table.made(), table.delete(), table.removed())
    for odd in NO_METADATA:
        table, whole = odd_table(draft)
        draft.record(table.create_as(orjson.dumps(whole | odd)), table.delete(), table.finish("CREATING"))
    for odd in ODD_METADATA:
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
