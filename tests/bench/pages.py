"""How many items a second go from a page's rows to the finished answer, on one core: `python -m tests.bench.pages`."""

from __future__ import annotations

import asyncio
import time

import orjson

from streamdyn.api.catalog import execute_operation
from streamdyn.model.pages import PageLimits, take_page
from streamdyn.model.rows import encode_row
from streamdyn.model.values import canonicalize_item
from tests.api.fake import ID, FakeDatabase

SECONDS = 1.0
VALUES = {":p": {"S": "a"}, ":n": {"N": "5"}}
PLAIN = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": VALUES[":p"]}}
CALLS = {
    "whole items": PLAIN,
    "counted": {**PLAIN, "Select": "COUNT"},
    "projected": {**PLAIN, "ProjectionExpression": "n"},
    "filtered, all pass": {**PLAIN, "FilterExpression": "n >= :n", "ExpressionAttributeValues": VALUES},
    "filtered, none pass": {**PLAIN, "FilterExpression": "n < :n", "ExpressionAttributeValues": VALUES},
}


class OnePage(FakeDatabase):
    """A database that always has the same rows to read."""

    def __init__(self, rows):
        super().__init__()
        self.add_table("bench", {"p": "S", "s": "S"})
        self.page_rows = rows

    async def read_page(self, table, keys, *, index=None, backwards=False, limit=None, consistent):
        return take_page(((b"", row) for row in self.page_rows), PageLimits(limit or 10**9))


def row(item_bytes, number):
    item = {"p": {"S": "a"}, "s": {"S": f"{number:08}"}, "n": {"N": "5"}, "d": {"S": ""}}
    item["d"]["S"] = "x" * (item_bytes - canonicalize_item(item))
    return encode_row(item_bytes, orjson.dumps(item))


async def items_per_second(db, body):
    pages, start = 0, time.process_time()
    while (passed := time.process_time() - start) < SECONDS:
        answer = await execute_operation("Query", ID, body, db)
        pages += 1
    return pages * orjson.loads(answer)["ScannedCount"] / passed


def main():
    for item_bytes in (100, 1024):
        db = OnePage([row(item_bytes, number) for number in range(1024 * 1024 // item_bytes + 1)])
        for name, call in CALLS.items():
            body = orjson.dumps({"TableName": "bench", **call})
            print(f"{item_bytes:5} B  {name:20} {asyncio.run(items_per_second(db, body)):12,.0f} items/s")


if __name__ == "__main__":
    main()
