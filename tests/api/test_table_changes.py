"""UpdateTable: when each change takes effect, the description until then, and the errors."""

import time

import pytest

from streamdyn.errors import ResourceInUseException, ResourceNotFoundException, ValidationException
from streamdyn.model.tables import ACTIVE, CREATING, DELETING, UPDATING
from tests.api.fake import CLOCK_MS, FINISHED_AFTER_MS, FakeDatabase, key_members

INVALID = "One or more parameter values were invalid: "
IN_USE = "Attempt to change a resource which is still in use: "
DAY_MS = 24 * 60 * 60 * 1000
HASH = {"TableName": "abc", **key_members({"pk": "S"})}


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


PROVISIONED = {**HASH, "ProvisionedThroughput": units(2, 3)}
PAID = {**HASH, "BillingMode": "PAY_PER_REQUEST"}
ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}
FREQUENT, INFREQUENT = "STANDARD", "STANDARD_INFREQUENT_ACCESS"


@pytest.fixture
def db(monkeypatch):
    db = FakeDatabase()
    monkeypatch.setattr(time, "time_ns", lambda: db.clock_ms * 1_000_000)
    return db


def update(db, **changes):
    return db.call("UpdateTable", {"TableName": "abc", **changes})["TableDescription"]


def described(db):
    return db.call("DescribeTable", {"TableName": "abc"})["Table"]


def refused(db, changes, kind=ValidationException):
    with pytest.raises(kind) as raised:
        update(db, **changes)
    return raised.value.message


# --- capacity ---


def test_new_capacity_shows_when_the_change_is_finished(db):
    db.call("CreateTable", PROVISIONED)
    asked_ms = db.clock_ms
    updating = update(db, ProvisionedThroughput=units(4, 3))
    assert updating["TableStatus"] == UPDATING
    assert updating["ProvisionedThroughput"] == {
        "LastIncreaseDateTime": asked_ms / 1000,
        "NumberOfDecreasesToday": 0,
        **units(2, 3),
    }
    table = described(db)
    assert table["TableStatus"] == ACTIVE
    assert table["ProvisionedThroughput"] == {
        "LastIncreaseDateTime": (asked_ms + FINISHED_AFTER_MS) / 1000,
        "NumberOfDecreasesToday": 0,
        **units(4, 3),
    }


def test_decreases_are_counted_by_the_day(db):
    db.call("CreateTable", PROVISIONED)
    assert update(db, ProvisionedThroughput=units(1, 1))["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    assert described(db)["ProvisionedThroughput"] == {
        "LastDecreaseDateTime": db.clock_ms / 1000,
        "NumberOfDecreasesToday": 1,
        **units(1, 1),
    }
    update(db, ProvisionedThroughput=units(3, 3))
    update(db, ProvisionedThroughput=units(2, 4))
    assert described(db)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 2
    db.clock_ms += DAY_MS
    assert described(db)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    update(db, ProvisionedThroughput=units(1, 1))
    assert described(db)["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1


def test_warm_throughput_grows_with_the_capacity_and_never_shrinks(db):
    db.call("CreateTable", PROVISIONED)
    update(db, ProvisionedThroughput=units(9, 3))
    update(db, ProvisionedThroughput=units(1, 1))
    assert described(db)["WarmThroughput"] == {"ReadUnitsPerSecond": 9, "WriteUnitsPerSecond": 3, "Status": ACTIVE}
    update(db, **ON_DEMAND)
    assert described(db)["WarmThroughput"]["ReadUnitsPerSecond"] == 12_000


# --- billing ---


def test_a_switch_to_on_demand_shows_at_once_and_gets_its_date_when_finished(db):
    db.call("CreateTable", PROVISIONED)
    updating = update(db, **ON_DEMAND, OnDemandThroughput={"MaxReadRequestUnits": 7})
    assert updating["TableStatus"] == UPDATING
    assert updating["BillingModeSummary"] == ON_DEMAND
    assert updating["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units(0, 0)}
    table = described(db)
    assert table["BillingModeSummary"] == {**ON_DEMAND, "LastUpdateToPayPerRequestDateTime": db.clock_ms / 1000}
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}


def test_a_switch_back_needs_units_and_remembers_the_time_on_demand(db):
    db.call("CreateTable", {**PAID, "OnDemandThroughput": {"MaxReadRequestUnits": 7}})
    assert refused(db, {"BillingMode": "PROVISIONED"}) == (
        INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    )
    updating = update(db, BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))
    assert updating["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units(1, 1)}
    table = described(db)
    assert table["BillingModeSummary"] == {
        "BillingMode": "PROVISIONED",
        "LastUpdateToPayPerRequestDateTime": CLOCK_MS / 1000,
    }
    assert "OnDemandThroughput" not in table


def test_the_same_mode_again_changes_nothing(db):
    db.call("CreateTable", PAID)
    before = described(db)
    assert update(db, **ON_DEMAND)["TableStatus"] == UPDATING
    assert described(db) == before


# --- class, protection, limits, warm throughput ---


def test_a_new_class_shows_when_the_change_is_finished(db):
    db.call("CreateTable", PAID)
    updating = update(db, TableClass=INFREQUENT)
    assert (updating["TableStatus"], "TableClassSummary" in updating) == (UPDATING, False)
    assert described(db)["TableClassSummary"] == {
        "TableClass": INFREQUENT,
        "LastUpdateDateTime": db.clock_ms / 1000,
    }
    assert update(db, TableClass=FREQUENT)["TableClassSummary"]["TableClass"] == INFREQUENT
    assert described(db)["TableClassSummary"]["TableClass"] == FREQUENT


def test_the_same_class_again_changes_nothing(db):
    db.call("CreateTable", PAID)
    update(db, TableClass=FREQUENT)
    assert "TableClassSummary" not in described(db)


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("DeletionProtectionEnabled", True, True),
        ("OnDemandThroughput", {"MaxReadRequestUnits": 5}, {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 2}),
        ("OnDemandThroughput", {"MaxReadRequestUnits": -1}, {"MaxWriteRequestUnits": 2}),
        ("OnDemandThroughput", {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}, None),
        (
            "WarmThroughput",
            {"ReadUnitsPerSecond": 12_001},
            {"ReadUnitsPerSecond": 12_001, "WriteUnitsPerSecond": 4_000, "Status": ACTIVE},
        ),
        (
            "WarmThroughput",
            {"WriteUnitsPerSecond": 4_000},
            {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": ACTIVE},
        ),
    ],
)
def test_some_changes_take_effect_at_once(db, member, value, told):
    db.call("CreateTable", {**PAID, "OnDemandThroughput": {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2}})
    updated = update(db, **{member: value})
    assert updated["TableStatus"] == ACTIVE
    assert updated.get(member) == told
    assert described(db) == updated


def test_attribute_definitions_and_empty_members_beside_a_change_are_ignored(db):
    db.call("CreateTable", PAID)
    retyped = [{"AttributeName": "pk", "AttributeType": "N"}]
    update(db, DeletionProtectionEnabled=True, AttributeDefinitions=retyped, WarmThroughput={}, OnDemandThroughput={})
    assert described(db)["AttributeDefinitions"] == PAID["AttributeDefinitions"]


# --- errors ---

NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, "
    "MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass "
    "is required"
)
SAME = (
    "The provisioned throughput for the table will not change. The requested value equals the current value. "
    "Current ReadCapacityUnits provisioned for the table: 2. Requested ReadCapacityUnits: 2. "
    "Current WriteCapacityUnits provisioned for the table: 3. Requested WriteCapacityUnits: 3. "
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
)
NO_UNITS = (
    INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
)
COLDER = (
    INVALID + "Requested {} for WarmThroughput for table is lower than current WarmThroughput, "
    "decreasing WarmThroughput is not supported"
)
OUT_OF_RANGE = INVALID + "Requested {} for OnDemandThroughput for table is outside of valid range"
PROTECT = {"DeletionProtectionEnabled": True}
WARM = {"WarmThroughput": {"ReadUnitsPerSecond": 1}}
STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
NO_STREAM = {"StreamSpecification": {"StreamEnabled": False}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, NOTHING),
        ({"AttributeDefinitions": []}, NOTHING),
        ({"GlobalSecondaryIndexUpdates": [], "WarmThroughput": {}, "OnDemandThroughput": {}}, NOTHING),
        (
            {"SSESpecification": {"Enabled": True}, "TableClass": FREQUENT},
            INVALID + "Server-Side Encryption modification must be the only operation in the request",
        ),
        (
            {"TableClass": FREQUENT, **PROTECT},
            INVALID + "TableClass modification must be the only operation in the request",
        ),
        (
            {**PROTECT, **WARM},
            INVALID + "DeletionProtection modification must be the only operation in the request",
        ),
        ({**WARM, **ON_DEMAND}, INVALID + "WarmThroughput must be the only operation in the request"),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 1}, **STREAM},
            INVALID + "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"ProvisionedThroughput": units(1, 1), **STREAM},
            INVALID + "You cannot modify stream status while updating table IOPS",
        ),
        (
            {"TableClass": "x"},
            (
                "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
            ),
        ),
        (
            {**ON_DEMAND, "ProvisionedThroughput": units(1, 1)},
            INVALID + "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughput": units(1_000_000_000_001, 1)},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        ({"OnDemandThroughput": {"MaxWriteRequestUnits": 0}}, OUT_OF_RANGE.format("MaxWriteRequestUnits")),
        ({"OnDemandThroughput": {"MaxReadRequestUnits": -2}}, OUT_OF_RANGE.format("MaxReadRequestUnits")),
        (STREAM, "streamdyn does not support StreamSpecification yet"),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            INVALID + "If stream is being enabled then UpdateViewType is required",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}},
            INVALID + "If stream is being disabled, then UpdateViewType must not be specified",
        ),
        ({"SSESpecification": {"Enabled": True}}, "streamdyn does not support SSESpecification yet"),
        ({"SSESpecification": {}}, INVALID + "Table is already encrypted by default"),
        (
            {"GlobalSecondaryIndexUpdates": [{}]},
            INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
            "GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}] * 2},
            INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: abc",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}]},
            "streamdyn does not support GlobalSecondaryIndexUpdates yet",
        ),
    ],
)
def test_a_wrong_request_is_refused_before_the_table_is_looked_up(db, changes, message):
    assert refused(db, changes) == message


@pytest.mark.parametrize(
    ("created", "changes", "message"),
    [
        (PAID, {"ProvisionedThroughput": units(2, 3)}, NO_UNITS),
        (PROVISIONED, {"ProvisionedThroughput": units(2, 3)}, SAME),
        (PROVISIONED, {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(2, 3)}, SAME),
        (
            PROVISIONED,
            {"OnDemandThroughput": {"MaxReadRequestUnits": 1}},
            INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified "
            "when the table BillingMode is PROVISIONED",
        ),
        (PAID, WARM, COLDER.format("ReadUnitsPerSecond")),
        (PROVISIONED, {"WarmThroughput": {"WriteUnitsPerSecond": 2}}, COLDER.format("WriteUnitsPerSecond")),
        (PAID, NO_STREAM, "Table has no stream to disable: TableName: abc"),
    ],
)
def test_what_a_table_does_not_allow_is_refused_with_dynamodbs_message(db, created, changes, message):
    db.call("CreateTable", created)
    before = described(db)
    assert refused(db, changes) == message
    assert described(db) == before


BEING = {CREATING: "Table is being created: abc", DELETING: "Table is being deleted: abc"}
IOPS = "Table IOPS are currently being updated. Table: abc"


@pytest.mark.parametrize(
    ("status", "changes", "message"),
    [
        *((status, changes, message) for status, message in BEING.items() for changes in (PROTECT, ON_DEMAND)),
        (UPDATING, ON_DEMAND, IOPS),
        (UPDATING, {"ProvisionedThroughput": units(1, 1)}, IOPS),
        (UPDATING, {"TableClass": INFREQUENT}, "Table is being updated: abc"),
    ],
)
def test_a_table_in_the_middle_of_a_change_takes_no_other(db, status, changes, message):
    db.call("CreateTable", PAID)
    db.set_status("abc", status)
    assert refused(db, changes, ResourceInUseException) == IN_USE + message


def test_a_table_in_the_middle_of_a_change_can_be_protected(db):
    db.call("CreateTable", PAID)
    db.set_status("abc", UPDATING)
    assert update(db, **PROTECT)["TableStatus"] == UPDATING


def test_a_missing_table_is_named(db):
    assert refused(db, PROTECT, ResourceNotFoundException) == "Requested resource not found: Table: abc not found"
