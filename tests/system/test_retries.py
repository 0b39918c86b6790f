"""An SDK that got no answer sends its call again under the same invocation id: it is applied once, also over a crash."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.system.harness import Instance, make_table, strong_get

if TYPE_CHECKING:
    from tests.system.conftest import Make

pytestmark = pytest.mark.kafka


def test_the_same_call_sent_twice_is_applied_once_and_answered_the_same(shared: Instance, table: str) -> None:
    invocation = uuid4().hex
    call(shared, "PutItem", uuid4().hex, put_of(table, 1))
    first = call(shared, "PutItem", invocation, put_of(table, 2))
    assert first == {"Attributes": {"k": {"S": "a"}, "n": {"N": "1"}}}
    assert call(shared, "PutItem", invocation, put_of(table, 2)) == first
    call(shared, "PutItem", uuid4().hex, put_of(table, 3))
    assert call(shared, "PutItem", invocation, put_of(table, 2)) == first
    assert strong_get(shared.client(), table, "a") == 3


def test_another_body_under_the_same_invocation_id_is_another_call(shared: Instance, table: str) -> None:
    invocation = uuid4().hex
    call(shared, "PutItem", invocation, put_of(table, 1))
    second = call(shared, "PutItem", invocation, put_of(table, 2))
    assert second["Attributes"]["n"] == {"N": "1"}
    assert strong_get(shared.client(), table, "a") == 2


def test_a_deletion_sent_twice_deletes_once(shared: Instance, table: str) -> None:
    invocation = uuid4().hex
    deletion = {"TableName": table, "Key": {"k": {"S": "a"}}, "ReturnValues": "ALL_OLD"}
    call(shared, "PutItem", uuid4().hex, put_of(table, 1))
    first = call(shared, "DeleteItem", invocation, deletion)
    call(shared, "PutItem", uuid4().hex, put_of(table, 2))
    assert call(shared, "DeleteItem", invocation, deletion) == first != {}
    assert strong_get(shared.client(), table, "a") == 2


def test_a_creation_sent_twice_is_no_conflict(shared: Instance) -> None:
    invocation = uuid4().hex
    creation = {
        "TableName": "created-twice",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    first = call(shared, "CreateTable", invocation, creation)["TableDescription"]
    second = call(shared, "CreateTable", invocation, creation)["TableDescription"]
    assert first["TableId"] == second["TableId"]
    with pytest.raises(urllib.error.HTTPError):
        call(shared, "CreateTable", uuid4().hex, creation)
    shared.client().delete_table(TableName="created-twice")


def test_the_second_attempt_finds_the_first_ones_answer_after_a_crash(guest: Make) -> None:
    node = guest().start()
    invocation = uuid4().hex
    tables = ("kept", "rebuilt")
    for table in tables:
        make_table(node.client(), table)
        call(node, "PutItem", uuid4().hex, put_of(table, 1))
        assert call(node, "PutItem", invocation, put_of(table, 2))["Attributes"]["n"] == {"N": "1"}
        call(node, "PutItem", uuid4().hex, put_of(table, 3))
    rebuilt = node.partition("rebuilt")
    node.kill()
    node.lose_replicas(rebuilt)
    node.start()
    for table in tables:
        assert call(node, "PutItem", invocation, put_of(table, 2))["Attributes"]["n"] == {"N": "1"}
        assert strong_get(node.client(), table, "a") == 3


def test_the_second_attempt_finds_the_first_ones_answer_after_a_polite_restart(guest: Make) -> None:
    # A polite stop flushes: unlike after a crash, nothing is replayed, and the answer comes from the replica's files.
    node = guest().start()
    make_table(node.client(), "tab")
    invocation = uuid4().hex
    call(node, "PutItem", uuid4().hex, put_of("tab", 1))
    first = call(node, "PutItem", invocation, put_of("tab", 2))
    call(node, "PutItem", uuid4().hex, put_of("tab", 3))
    node.restart()
    assert call(node, "PutItem", invocation, put_of("tab", 2)) == first
    assert first["Attributes"]["n"] == {"N": "1"}
    assert strong_get(node.client(), "tab", "a") == 3


def call(instance: Instance, operation: str, invocation: str, body: dict[str, Any]) -> dict[str, Any]:
    """One attempt of a call, as an SDK sends it."""
    request = urllib.request.Request(
        instance.url,
        json.dumps(body).encode(),
        {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "amz-sdk-invocation-id": invocation,
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def put_of(table: str, value: int) -> dict[str, Any]:
    return {"TableName": table, "Item": {"k": {"S": "a"}, "n": {"N": str(value)}}, "ReturnValues": "ALL_OLD"}
