"""Conditions and refused calls for the tests of legacy parameters."""

import pytest

from streamdyn.errors import ValidationException
from tests.api.fake import FakeDatabase

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
KEY = {"p": {"S": "k"}}


def database():
    made = FakeDatabase()
    made.add_table("tab", {"p": "S"})
    made.add_table("sorted", {"p": "S", "s": "N"})
    return made


def compare(operator, *values):
    return {"ComparisonOperator": operator, **({"AttributeValueList": list(values)} if values else {})}


def n(number):
    return {"N": str(number)}


def refused(db, operation, table="tab", **members):
    """The message with which a call is refused, without the prefix that most of them have."""
    with pytest.raises(ValidationException) as raised:
        db.call(operation, {"TableName": table, **members})
    return raised.value.message.removeprefix(ENVELOPE)
