"""The figures of the data API in one run: UpdateItem against PutItem, and Query, on a real `streamdyn up`.

uv run python -m tests.bench.data_api
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import boto3

from tests.bench.first_light import Report, create_table, load, process
from tests.bench.load import COLLECTIONS

QUERIED_ITEMS = 100


def main() -> None:
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "node"
        with process("streamdyn.cli.main", "up", "--port", "0", "--data-dir", str(data_dir)) as node:
            url = node.stdout.readline().split()[-1]
            host, port = url.removeprefix("http://").split(":")
            keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
            client = boto3.client("dynamodb", endpoint_url=url, **keys)
            measure(report, (host, port), client)
    report.show()


def measure(report: Report, node: tuple[str, str], client: Any) -> None:
    create_table(client, "crowd")
    load(node, 64, "put", "crowd")  # warm up
    put = load(node, 64, "put", "crowd")["per_second"]
    update = load(node, 64, "update", "crowd")["per_second"]
    report.add("PutItem, 64 connections", f"{put:,.0f}/s")
    report.add(
        "UpdateItem with a condition, 64 connections", f"{update:,.0f}/s = {update / put:.2f} x PutItem", "0.7 x"
    )
    fill(client)
    query = load(node, 64, "query", "collections")["per_second"]
    report.add(f"Query of {QUERIED_ITEMS} items of 1 KB, 64 connections", f"{query:,.0f}/s", "1,500/s")


def fill(client: Any) -> None:
    client.create_table(
        TableName="collections",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    filler = {f"a{number:02d}": {"S": "x" * 97} for number in range(9)}
    for collection in range(COLLECTIONS):
        for first in range(0, QUERIED_ITEMS, 25):
            items = [
                {"pk": {"S": f"c{collection}"}, "sk": {"S": f"{number:096d}"}, **filler}
                for number in range(first, first + 25)
            ]
            client.batch_write_item(RequestItems={"collections": [{"PutRequest": {"Item": item}} for item in items]})
    answer = client.query(
        TableName="collections",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "c0"}},
    )
    assert answer["Count"] == QUERIED_ITEMS, json.dumps(answer["Count"])


if __name__ == "__main__":
    main()
