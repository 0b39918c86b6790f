"""UpdateTimeToLive and DescribeTimeToLive: the settings of expiry. And the calls that tell of the service itself."""

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


def test_expiry_is_switched_on_and_off(db):
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
def test_a_change_that_is_none_is_refused_in_dynamodbs_words(db, enabled, asked, message):
    if enabled:
        db.call("UpdateTimeToLive", expire_by("ttl"))
    assert refused(db, "UpdateTimeToLive", asked) == message


def test_the_key_may_tell_the_time(db):
    db.call("UpdateTimeToLive", expire_by("pk"))
    assert db.table("abc").ttl_attribute == "pk"


@pytest.mark.parametrize(("operation", "members"), [("DescribeTimeToLive", {}), ("UpdateTimeToLive", expire_by("ttl"))])
def test_a_missing_table_is_named(db, operation, members):
    message = refused(db, operation, {**members, "TableName": "abd"}, ResourceNotFoundException)
    assert message == "Requested resource not found: Table: abd not found"


@pytest.mark.parametrize("status", [CREATING, DELETING])
def test_expiry_is_not_told_of_a_table_that_comes_or_goes(db, status):
    db.set_status("abc", status)
    assert refused(db, "DescribeTimeToLive", NAMED) == (
        f"Cannot describe time to live while table is in {status} state: Current table state is {status}"
    )


def test_expiry_is_not_changed_before_the_table_is_made(db):
    db.set_status("abc", CREATING)
    message = refused(db, "UpdateTimeToLive", expire_by("ttl"), ResourceInUseException)
    assert message == "Attempt to change a resource which is still in use: Table abc is being created"


def test_expiry_is_changed_while_the_table_is_being_updated(db):
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


def test_the_endpoint_is_where_the_request_came_to(db):
    assert db.call("DescribeEndpoints", {}) == {
        "Endpoints": [{"Address": "localhost:8000", "CachePeriodInMinutes": 1440}]
    }
