"""PynamoDB, and what boto3's higher layers do: models, conditions, batches, paginators, as applications use them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.indexes import IncludeProjection, LocalSecondaryIndex
from pynamodb.models import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.harness import Instance

pytestmark = pytest.mark.kafka

SONGS = 30


class ByYear(LocalSecondaryIndex["Song"]):
    class Meta:
        projection = IncludeProjection(["plays"])

    artist = UnicodeAttribute(hash_key=True)
    year = NumberAttribute(range_key=True)


class Song(Model):
    class Meta:
        table_name = "Songs"
        region = "us-east-1"
        aws_access_key_id = aws_secret_access_key = "any"
        billing_mode = "PAY_PER_REQUEST"
        host = ""

    artist = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute(range_key=True)
    year = NumberAttribute(null=True)
    plays = NumberAttribute(default=0)
    tags = ListAttribute(default=list)
    version = VersionAttribute()
    by_year = ByYear()


@pytest.fixture(scope="module")
def songs(shared: Instance) -> Iterator[type[Song]]:
    Song.Meta.host = shared.url
    Song.create_table(wait=True)
    with Song.batch_write() as batch:
        for number in range(SONGS):
            batch.save(Song("Nina", f"song {number:02d}", year=2000 - number, version=1))
    yield Song
    Song.delete_table()


def test_a_model_is_saved_and_found(songs: type[Song]) -> None:
    song = songs("Billie", "Strange Fruit", year=1939, tags=["slow", {"mood": "dark"}])
    song.save(songs.title.does_not_exist())
    found = songs.get("Billie", "Strange Fruit", consistent_read=True)
    assert found.attribute_values == song.attribute_values and found.version == 1
    with pytest.raises(PutError):
        songs("Billie", "Strange Fruit").save(songs.title.does_not_exist())
    assert found.delete(songs.year == 1939) is not None
    assert songs.count("Billie") == 0


def test_updates_and_the_version_of_an_item(songs: type[Song]) -> None:
    mine, theirs = (songs.get("Nina", "song 00", consistent_read=True) for _ in range(2))
    mine.update(actions=[songs.plays.add(1), songs.tags.set(songs.tags.append(["live"]))])
    assert (mine.plays, mine.tags, mine.version) == (1, ["live"], theirs.version + 1)
    with pytest.raises(UpdateError) as lost:
        theirs.update(actions=[songs.plays.add(1)])
    assert lost.value.cause_response_code == "ConditionalCheckFailedException"


def test_queries_scans_and_indexes(songs: type[Song]) -> None:
    titles = [song.title for song in songs.query("Nina", songs.title.between("song 05", "song 07"))]
    assert titles == ["song 05", "song 06", "song 07"]
    assert [song.year for song in songs.by_year.query("Nina", songs.year < 1975, consistent_read=True)] == [
        *range(2001 - SONGS, 1975)
    ]
    assert songs.count("Nina", filter_condition=songs.year.is_in(1999, 1998, 7)) == 2
    paged = songs.query("Nina", limit=SONGS, page_size=7, scan_index_forward=False)
    assert [song.title for song in paged] == [f"song {number:02d}" for number in reversed(range(SONGS))]
    assert len(list(songs.scan(songs.artist == "Nina", page_size=4))) == SONGS
    keys = [("Nina", f"song {number:02d}") for number in range(SONGS + 5)]
    assert len(list(songs.batch_get(keys))) == SONGS


@pytest.fixture
def words(shared: Instance, table: str) -> Any:
    rows = shared.resource().Table(table)
    with rows.batch_writer() as batch:
        for number in range(60):
            batch.put_item({"k": f"word {number:02d}", "length": number, "even": number % 2 == 0})
    return rows


def test_the_conditions_of_boto3(words: Any) -> None:
    answer = words.query(KeyConditionExpression=Key("k").eq("word 07"), FilterExpression=Attr("length").lt(8))
    assert answer["Count"] == 1
    words.update_item(
        Key={"k": "word 07"},
        UpdateExpression="SET #l = #l + :more, seen = list_append(if_not_exists(seen, :none), :now)",
        ConditionExpression=Attr("length").between(5, 9) & ~Attr("gone").exists(),
        ExpressionAttributeNames={"#l": "length"},
        ExpressionAttributeValues={":more": Decimal("0.5"), ":none": [], ":now": ["today"]},
    )
    item = words.get_item(Key={"k": "word 07"}, ConsistentRead=True)["Item"]
    assert (item["length"], item["seen"]) == (Decimal("7.5"), ["today"])
    with pytest.raises(ClientError) as refused:
        words.put_item(
            Item={"k": "word 07"},
            ConditionExpression=Attr("k").not_exists(),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response["Item"]["length"] == {"N": "7.5"}


def test_the_paginators_of_boto3(shared: Instance, words: Any) -> None:
    client = shared.client()
    scanned = client.get_paginator("scan").paginate(TableName=words.name, PaginationConfig={"PageSize": 7})
    assert sorted(item["k"]["S"] for item in scanned.search("Items")) == [f"word {number:02d}" for number in range(60)]
    segments = [
        list(client.get_paginator("scan").paginate(TableName=words.name, Segment=n, TotalSegments=4).search("Items"))
        for n in range(4)
    ]
    assert sum(map(len, segments)) == 60 and all(segments)
