"""TagResource, UntagResource and ListTagsOfResource: tags, their limits, and the ARNs that name a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import (
    AccessDeniedException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from streamdyn.model.tables import CREATING, DELETING
from tests.api.fake import FakeDatabase

INVALID = "One or more parameter values were invalid: "
PREFIX = "arn:aws:dynamodb:us-east-1:123456789012:table/"
ARN = PREFIX + "abc"
TOO_MANY = "Number of Tags exceed the current limit for the provided ResourceArn"


@pytest.fixture
def db():
    db = FakeDatabase()
    db.add_table("abc", {"pk": "S"})
    return db


def tags(*pairs):
    return [{"Key": key, "Value": value} for key, value in pairs]


def numbered(count):
    return tags(*((str(n), "v") for n in range(count)))


def tag(db, *pairs):
    return db.call("TagResource", {"ResourceArn": ARN, "Tags": tags(*pairs)})


def untag(db, *keys):
    return db.call("UntagResource", {"ResourceArn": ARN, "TagKeys": list(keys)})


def listed(db, **members):
    return db.call("ListTagsOfResource", {"ResourceArn": ARN, **members})


def refused(db, operation, members, kind=ValidationException):
    with pytest.raises(kind) as raised:
        db.call(operation, members)
    return raised.value.message


def test_a_table_has_no_tags_at_first(db):
    assert listed(db) == {"Tags": []}


def test_tags_are_added_changed_and_removed(db):
    assert tag(db, ("a", "1"), ("b", "2")) is None
    tag(db, ("b", "3"), ("c", ""))
    assert listed(db) == {"Tags": tags(("a", "1"), ("b", "3"), ("c", ""))}
    assert untag(db, "a", "never there") is None
    assert listed(db) == {"Tags": tags(("b", "3"), ("c", ""))}


def test_a_table_is_created_with_tags(db):
    body = {"TableName": "abd", "BillingMode": "PAY_PER_REQUEST", "Tags": tags(("a", "1"))}
    keys = {m: db.table("abc").settings[m] for m in ("AttributeDefinitions", "KeySchema")}
    assert "Tags" not in db.call("CreateTable", body | keys)["TableDescription"]
    assert db.call("ListTagsOfResource", {"ResourceArn": PREFIX + "abd"}) == {"Tags": tags(("a", "1"))}


def test_fifty_tags_fit_into_one_page_with_any_token(db):
    tag(db, *((str(n), "v") for n in range(50)))
    assert listed(db, NextToken="x") == {"Tags": numbered(50)}


@pytest.mark.parametrize("text", ["a" * 128, "ключ", "表 ", "a+b-c=d.e_f:g/h@i"])
def test_letters_of_any_script_are_accepted(db, text):
    tag(db, (text, text))
    assert listed(db) == {"Tags": tags((text, text))}


WRONG = [
    ([{}], "The Tag Key provided is invalid, Key: null"),
    ([{"Value": "v"}], "The Tag Key provided is invalid, Key: null"),
    ([{"Key": "k"}], "The Tag Value provided is invalid, Value: null"),
    (tags(("", "v")), "The Tag Key provided is invalid, Key: "),
    (tags(("k" * 129, "v")), f"The Tag Key provided is invalid, Key: {'k' * 129}"),
    (tags(("k", "v" * 257)), f"The Tag Value provided is invalid, Value: {'v' * 257}"),
    (tags(("a#", "v")), "The Tag Key provided is invalid, Key: a#"),
    (tags(("k", "100%")), "The Tag Value provided is invalid, Value: 100%"),
    (tags(("good", "v"), ("aws:k", "v")), "Tag Key cannot be prefixed with aws:, Key: aws:k"),
    (tags(("k", "v"), ("k", "w")), "Duplicate Tag Keys provided as input: Duplicate Tag Key found k"),
    (numbered(51), TOO_MANY),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_tags_are_refused_with_dynamodbs_message(db, wrong, message):
    assert refused(db, "TagResource", {"ResourceArn": ARN, "Tags": wrong}) == message
    assert listed(db) == {"Tags": []}
    keys = {m: db.table("abc").settings[m] for m in ("AttributeDefinitions", "KeySchema")}
    body = {"TableName": "abd", "BillingMode": "PAY_PER_REQUEST", **keys}
    assert refused(db, "CreateTable", {**body, "Tags": wrong}) == message
    assert db.table("abd") is None


def test_only_create_table_accepts_an_empty_list_of_tags(db):
    keys = {m: db.table("abc").settings[m] for m in ("AttributeDefinitions", "KeySchema")}
    db.call("CreateTable", {"TableName": "abd", "BillingMode": "PAY_PER_REQUEST", "Tags": [], **keys})
    for members in ({}, {"Tags": []}):
        assert refused(db, "TagResource", {"ResourceArn": ARN, **members}) == (
            "Atleast one Tag needs to be provided as Input."
        )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "Atleast one Tag Key needs to be provided as Input."),
        ([""], "The Tag Key provided is invalid, Key: "),
        (["aws:k"], "Tag Key cannot be prefixed with aws:, Key: aws:k"),
        ([str(n) for n in range(51)], TOO_MANY),
    ],
)
def test_wrong_keys_are_refused_with_dynamodbs_message(db, keys, message):
    assert refused(db, "UntagResource", {"ResourceArn": ARN, "TagKeys": keys}) == message


def test_a_fifty_first_tag_is_one_too_many(db):
    tag(db, *((str(n), "v") for n in range(50)))
    assert refused(db, "TagResource", {"ResourceArn": ARN, "Tags": tags(("0", "w"), ("50", "v"))}) == TOO_MANY
    tag(db, ("0", "w"))
    untag(db, "1")
    tag(db, ("50", "v"))
    assert len(listed(db)["Tags"]) == 50


NO_ARN = "Invalid TableArn: Invalid ResourceArn provided as input {}"
MISSING = "Requested resource not found: ResourceArn: {} not found"


@pytest.mark.parametrize(
    ("arn", "kind", "message"),
    [
        (None, ValidationException, "Invalid TableArn"),
        ("", ValidationException, INVALID + "ARNs must start with 'arn:': "),
        ("abc", ValidationException, INVALID + "ARNs must start with 'arn:': abc"),
        ("arn:not/a/good/format", ValidationException, NO_ARN),
        (
            "arn:aws:s3:us-east-1:123456789012:table/abc",
            ValidationException,
            INVALID + "Provided Arn is not a DynamoDB resource arn: {}",
        ),
        (ARN.replace("us-east-1", "us-west-2"), ValidationException, NO_ARN),
        (ARN.replace("123456789012", "000000000000"), AccessDeniedException, "Access is denied"),
        (PREFIX + "ab", ValidationException, NO_ARN),
        (PREFIX + "abd", ResourceNotFoundException, MISSING),
        (ARN + "/stream/2026-01-01T00:00:00.000", ResourceNotFoundException, MISSING),
        (
            ARN + "/index/abc",
            ValidationException,
            INVALID + "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {}",
        ),
    ],
)
@pytest.mark.parametrize(
    ("operation", "members"),
    [("ListTagsOfResource", {}), ("TagResource", {"Tags": numbered(1)}), ("UntagResource", {"TagKeys": ["a"]})],
)
def test_an_arn_of_an_unknown_table_is_refused(db, operation, members, arn, kind, message):
    assert refused(db, operation, {"ResourceArn": arn, **members}, kind) == message.format(arn)


@pytest.mark.parametrize(("status", "doing"), [(CREATING, "created"), (DELETING, "deleted")])
def test_only_a_table_that_is_made_is_tagged(db, status, doing):
    db.set_status("abc", status)
    message = refused(db, "TagResource", {"ResourceArn": ARN, "Tags": numbered(1)}, ResourceInUseException)
    assert message == f"Attempt to change a resource which is still in use: Table is being {doing}: abc"


KEYS = st.sampled_from("abcd")


@given(st.lists(st.dictionaries(KEYS, st.text("xy", max_size=1), min_size=1) | st.sets(KEYS, min_size=1), max_size=6))
def test_tags_behave_as_a_dictionary(changes):
    db, model = FakeDatabase(), {}
    db.add_table("abc", {"pk": "S"})
    for change in changes:
        if isinstance(change, dict):
            tag(db, *change.items())
            model |= change
        else:
            untag(db, *sorted(change))
            model = {key: value for key, value in model.items() if key not in change}
    assert {t["Key"]: t["Value"] for t in listed(db)["Tags"]} == model
