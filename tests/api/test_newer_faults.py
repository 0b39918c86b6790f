"""Page limits, segments and batches: wrong numbers and lengths have DynamoDB's newer messages, and are reported alone."""

import pytest

from streamdyn.api.validation.request_checks import check_request
from streamdyn.errors import ValidationException

KEY = {"p": {"S": "a"}}
PUT = {"PutRequest": {"Item": KEY}}
CAPACITY = (
    "Value 'X' at 'returnConsumedCapacity' failed to satisfy constraint: "
    "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"
)
MAP_KEYS = (
    "at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: "
    "[Member must have length less than or equal to 255, Member must have length greater than or equal to 3, "
    "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
)


def refused(operation, body):
    with pytest.raises(ValidationException) as raised:
        check_request(operation, body)
    return raised.value.message


@pytest.mark.parametrize(
    ("operation", "members", "path", "constraint"),
    [
        ("Query", {"Limit": 0}, "Limit", "value greater than or equal to 1"),
        (
            "Query",
            {"Limit": 0, "Select": "X", "ReturnConsumedCapacity": "X"},
            "Limit",
            "value greater than or equal to 1",
        ),
        ("Scan", {"Limit": -1}, "Limit", "value greater than or equal to 1"),
        ("Scan", {"Segment": -1, "TotalSegments": 4}, "Segment", "value greater than or equal to 0"),
        ("Scan", {"Segment": 1_000_000}, "Segment", "value less than or equal to 999999"),
        ("Scan", {"TotalSegments": 0}, "TotalSegments", "value greater than or equal to 1"),
        ("Scan", {"TotalSegments": 1_000_001}, "TotalSegments", "value less than or equal to 1000000"),
    ],
)
def test_a_number_out_of_range(operation, members, path, constraint):
    message = (
        f"1 validation error detected: Value at '{path}' failed to satisfy constraint: Member must have {constraint}"
    )
    assert refused(operation, {"TableName": "abc", **members}) == message


@pytest.mark.parametrize(
    ("operation", "items", "path", "constraint"),
    [
        ("BatchGetItem", {}, "RequestItems", "greater than or equal to 1"),
        ("BatchWriteItem", {}, "RequestItems", "greater than or equal to 1"),
        ("BatchGetItem", {"abc": {"Keys": []}}, "RequestItems.abc.member.Keys", "greater than or equal to 1"),
        ("BatchGetItem", {"abc": {"Keys": [KEY] * 101}}, "RequestItems.abc.member.Keys", "less than or equal to 100"),
        ("BatchWriteItem", {"abc": [PUT] * 26}, "RequestItems.abc.member", "less than or equal to 25"),
    ],
)
def test_a_batch_of_a_wrong_length(operation, items, path, constraint):
    message = f"Value at '{path}' failed to satisfy constraint: Member must have length {constraint}"
    body = {"RequestItems": items, "ReturnConsumedCapacity": "X"}
    assert refused(operation, body) == f"1 validation error detected: {message}"


def test_an_empty_list_of_writes_is_a_fault_of_the_map():
    assert refused("BatchWriteItem", {"RequestItems": {"abc": []}}) == (
        "1 validation error detected: Value '{abc=[]}' at 'requestItems' failed to satisfy constraint: "
        "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
        "Member must have length greater than or equal to 1]"
    )


def test_a_wrong_table_name_in_a_batch_of_reads_is_reported_with_other_faults():
    body = {"RequestItems": {"bad!name": {"Keys": [KEY]}}}
    fault = f"""Value '{{"bad!name":{{"Keys":[{{"p":{{"S":"a"}}}}]}}}}' {MAP_KEYS}"""
    assert refused("BatchGetItem", body) == f"1 validation error detected: {fault}"
    both = {**body, "ReturnConsumedCapacity": "X"}
    assert refused("BatchGetItem", both) == f"2 validation errors detected: {fault}; {CAPACITY}"


def test_a_wrong_table_name_in_a_batch_of_writes_is_reported_only_alone():
    body = {"RequestItems": {"a": [PUT, {"DeleteRequest": {"Key": KEY}}]}}
    assert refused("BatchWriteItem", body) == (
        "1 validation error detected: "
        "Value '{a=[WriteRequest(putRequest=PutRequest(item={p=AttributeValue(s=a)})), "
        f"WriteRequest(deleteRequest=DeleteRequest(key={{p=AttributeValue(s=a)}}))]}}' {MAP_KEYS}"
    )
    both = {**body, "ReturnConsumedCapacity": "X"}
    assert refused("BatchWriteItem", both) == f"1 validation error detected: {CAPACITY}"


def test_a_write_without_its_item_is_reported_with_its_index():
    assert refused("BatchWriteItem", {"RequestItems": {"abc": [PUT, {"PutRequest": {}}]}}) == (
        "1 validation error detected: Value null at 'requestItems.abc.member.2.member.putRequest.item' "
        "failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("Query", {"TableName": "abc", "Limit": 1}),
        ("Scan", {"TableName": "abc", "Limit": 2**31 - 1, "Segment": 999_999, "TotalSegments": 1_000_000}),
        ("BatchGetItem", {"RequestItems": {"abc": {"Keys": [KEY] * 100}}}),
        ("BatchGetItem", {"RequestItems": {"arn:aws:dynamodb:r:1:table/abc": {"Keys": [KEY]}}}),
        ("BatchWriteItem", {"RequestItems": {"abc": [PUT] * 25}}),
    ],
)
def test_what_is_within_the_limits_passes(operation, body):
    assert check_request(operation, body) == body
