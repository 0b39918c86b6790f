"""UpdateTimeToLive and DescribeTimeToLive, and the calls about the endpoint: DescribeEndpoints and DescribeLimits."""

import pytest

from streamdyn.errors import ResourceInUseException, ResourceNotFoundException, ValidationException
from streamdyn.model.tables import CREATING, DELETING, UPDATING
from tests.api.fake import FakeDatabase

NAMED = {"TableName": "abc"}
DISABLED = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}


@pytest.fixture
def db():
    db = FakeDatabase()
    db.add_table("abc", {"pk": "S"})
    return db


def expire_by(attribute, *, enabled=True):
    return {**NAMED, "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled}}


def refused(db, operation, body, kind=ValidationException):
    with pytest.raises(kind) as raised:
        db.call(operation, body)
    return raised.value.message


def test_time_to_live_is_enabled_and_disabled(db):
    assert db.call("DescribeTimeToLive", NAMED) == DISABLED
    answer = db.call("UpdateTimeToLive", expire_by("ttl"))
    assert answer == {"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}}
    assert db.call("DescribeTimeToLive", NAMED) == {
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    }
    db.call("UpdateTimeToLive", expire_by("ttl", enabled=False))
    assert db.call("DescribeTimeToLive", NAMED) == DISABLED


OTHER = "TimeToLive is active on a different AttributeName: current AttributeName is ttl"


@pytest.mark.parametrize(
    ("enabled", "asked", "message"),
    [
        (True, expire_by("ttl"), "TimeToLive is already enabled"),
        (True, expire_by("x"), OTHER),
        (True, expire_by("x", enabled=False), OTHER),
        (False, expire_by("ttl", enabled=False), "TimeToLive is already disabled"),
    ],
)
def test_a_change_that_is_none_is_refused_with_dynamodbs_message(db, enabled, asked, message):
    if enabled:
        db.call("UpdateTimeToLive", expire_by("ttl"))
    assert refused(db, "UpdateTimeToLive", asked) == message


def test_the_attribute_of_time_to_live_may_be_a_key(db):
    db.call("UpdateTimeToLive", expire_by("pk"))
    assert db.table("abc").ttl_attribute == "pk"


@pytest.mark.parametrize(("operation", "members"), [("DescribeTimeToLive", {}), ("UpdateTimeToLive", expire_by("ttl"))])
def test_a_missing_table_is_named(db, operation, members):
    message = refused(db, operation, {**members, "TableName": "abd"}, ResourceNotFoundException)
    assert message == "Requested resource not found: Table: abd not found"


@pytest.mark.parametrize("status", [CREATING, DELETING])
def test_time_to_live_of_a_creating_or_deleting_table_is_not_described(db, status):
    db.set_status("abc", status)
    assert refused(db, "DescribeTimeToLive", NAMED) == (
        f"Cannot describe time to live while table is in {status} state: Current table state is {status}"
    )


def test_time_to_live_is_not_changed_while_the_table_is_creating(db):
    db.set_status("abc", CREATING)
    message = refused(db, "UpdateTimeToLive", expire_by("ttl"), ResourceInUseException)
    assert message == "Attempt to change a resource which is still in use: Table abc is being created"


def test_time_to_live_is_changed_while_the_table_is_updating(db):
    db.set_status("abc", UPDATING)
    db.call("UpdateTimeToLive", expire_by("ttl"))
    assert db.table("abc").status == UPDATING


def test_limits_are_those_of_a_new_account(db):
    assert db.call("DescribeLimits", {}) == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def test_the_endpoint_is_the_address_of_the_request(db):
    assert db.call("DescribeEndpoints", {}) == {
        "Endpoints": [{"Address": "localhost:8000", "CachePeriodInMinutes": 1440}]
    }
