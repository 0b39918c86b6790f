"""The clients that people use: boto3's client, resource, waiters and paginators, and the AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import Binary

from tests.system.harness import Instance, make_table, put

if TYPE_CHECKING:
    from tests.system.conftest import Make

pytestmark = pytest.mark.kafka


def test_the_resource_keeps_every_type(shared: Instance, table: str) -> None:
    item = {
        "k": "a",
        "number": Decimal("-1.25e-30"),
        "big": Decimal(2**100),
        "bytes": Binary(b"\x00\xff"),
        "none": None,
        "yes": True,
        "list": [1, "two", {"three": Decimal(3)}],
        "map": {"ä": "\U0001f600", "": ""},
        "strings": {"x", "y"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "binaries": {Binary(b"1"), Binary(b"2")},
    }
    rows = shared.resource().Table(table)
    rows.put_item(Item=item)
    assert rows.get_item(Key={"k": "a"}, ConsistentRead=True)["Item"] == item
    assert rows.delete_item(Key={"k": "a"}, ReturnValues="ALL_OLD")["Attributes"] == item
    assert "Item" not in rows.get_item(Key={"k": "a"}, ConsistentRead=True)


def test_the_waiters_return_at_once(shared: Instance) -> None:
    client = shared.client()
    make_table(client, "waited-for")
    quick = {"Delay": 1, "MaxAttempts": 1}
    client.get_waiter("table_exists").wait(TableName="waited-for", WaiterConfig=quick)
    client.delete_table(TableName="waited-for")
    client.get_waiter("table_not_exists").wait(TableName="waited-for", WaiterConfig=quick)


def test_tags_and_expiry_are_set_at_once_and_the_endpoint_is_this_one(shared: Instance, table: str) -> None:
    client = shared.client()
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    assert pages.build_full_result()["Tags"] == [{"Key": "b", "Value": "2"}]
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True})
    assert client.describe_time_to_live(TableName=table)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "expires",
    }
    (endpoint,) = client.describe_endpoints()["Endpoints"]
    assert client.meta.endpoint_url == f"http://{endpoint['Address']}"


def test_the_paginator_of_list_tables_gives_each_table_once(guest: Make) -> None:
    client = guest().start().client()
    names = [f"page-{number}" for number in range(7)]
    for name in reversed(names):
        make_table(client, name)
    pages = list(client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 3}))
    assert [name for page in pages for name in page["TableNames"]] == names
    assert [len(page["TableNames"]) for page in pages] == [3, 3, 1]


def test_an_item_of_the_largest_size_is_kept_and_a_larger_one_refused(shared: Instance, table: str) -> None:
    client = shared.client()
    room = 400 * 1024 - len("k" + "a" + "t")
    client.put_item(TableName=table, Item={"k": {"S": "a"}, "t": {"S": "x" * room}})
    item = client.get_item(TableName=table, Key={"k": {"S": "a"}}, ConsistentRead=True)["Item"]
    assert len(item["t"]["S"]) == room
    with pytest.raises(client.exceptions.ClientError, match="Item size has exceeded"):
        client.put_item(TableName=table, Item={"k": {"S": "a"}, "t": {"S": "x" * (room + 1)}})


def test_the_aws_cli_makes_a_table_and_puts_and_gets(shared: Instance) -> None:
    aws(
        shared,
        "create-table",
        "--table-name=cli",
        "--attribute-definitions=AttributeName=k,AttributeType=S",
        "--key-schema=AttributeName=k,KeyType=HASH",
        "--billing-mode=PAY_PER_REQUEST",
    )
    item = {"k": {"S": "a"}, "n": {"N": "1"}}
    aws(shared, "put-item", "--table-name=cli", f"--item={json.dumps(item)}")
    found = aws(shared, "get-item", "--table-name=cli", '--key={"k": {"S": "a"}}', "--consistent-read")
    assert found == {"Item": item}
    shared.client().delete_table(TableName="cli")


def aws(instance: Instance, *arguments: str) -> Any:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-m", "awscli", "--endpoint-url", instance.url, "dynamodb", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **keys, "PYTHONWARNINGS": "ignore"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("DynamoDB_20120810.ListTables", b"{}", 200),
        ("DynamoDB_20120810.DescribeTable", b'{"TableName": "nobody"}', 400),
        ("DynamoDB_20120810.ListTables", b"no json", 400),
        ("DynamoDB_20120810.NoSuchCall", b"{}", 400),
        ("", b"{}", 400),
    ],
)
def test_every_answer_has_a_request_id_and_its_own_checksum(
    shared: Instance, target: str, body: bytes, status: int
) -> None:
    request = urllib.request.Request(
        shared.url, body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            seen, headers, content = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            seen, headers, content = error.code, error.headers, error.read()
    assert seen == status
    assert len(headers["x-amzn-RequestId"]) == 52
    assert int(headers["x-amz-crc32"]) == zlib.crc32(content)
    assert headers["Content-Type"] == "application/x-amz-json-1.0"


def test_a_second_client_sees_what_the_first_one_wrote(shared: Instance, table: str) -> None:
    put(shared.client(), table, "a", 1)
    assert shared.resource().Table(table).get_item(Key={"k": "a"})["Item"]["n"] == 1
