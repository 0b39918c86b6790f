"""The bytes of each message between nodes: two versions of streamdyn must understand each other during an upgrade."""

from __future__ import annotations

import pytest

from streamdyn.partition.status import ReplicaStatus
from streamdyn.rpc.codec import ANSWERS, QUESTIONS, decode_answer, decode_question, encode
from streamdyn.rpc.messages import OffsetAnswer, Refused
from streamdyn.rpc.questions.append_feed import AppendFeed, FeedAppended
from streamdyn.rpc.questions.append_scrub import AppendScrub
from streamdyn.rpc.questions.confirm import Confirm
from streamdyn.rpc.questions.count_items import Counted, CountItems
from streamdyn.rpc.questions.describe import Describe, Described
from streamdyn.rpc.questions.lead import Lead
from streamdyn.rpc.questions.make_checkpoint import CheckpointMade, MakeCheckpoint
from streamdyn.rpc.questions.ping import Ping, Pong
from streamdyn.rpc.questions.read import Found, Read
from streamdyn.rpc.questions.read_checkpoint import Chunk, ReadCheckpoint
from streamdyn.rpc.questions.read_page import FoundPage, ReadPage
from streamdyn.rpc.questions.read_scrub import ReadScrub, ScrubRead
from streamdyn.rpc.questions.rebuild import Rebuild
from streamdyn.rpc.questions.verify_replica import VerifyReplica
from streamdyn.rpc.questions.write import Write, Written

STATUS = ReplicaStatus("t.1.0", 7, "n1", 3, True, 1500, 1, 2, "00ff", None)  # noqa: FBT003

# As the first release encodes them, with members of later releases at the end. Nothing else may change.
QUESTION_BYTES = [
    (Ping(), b"\x91\xa4Ping"),
    (Write("t.1.0", 20_000, 1, b"batch"), b"\x95\xa5Write\xa5t.1.0\xcdN \x01\xc4\x05batch"),
    (AppendFeed("t.1.0", 20_000, 1, b"batch"), b"\x95\xa4Feed\xa5t.1.0\xcdN \x01\xc4\x05batch"),
    (Lead("t.1.0", 20_000, 0), b"\x94\xa4Lead\xa5t.1.0\xcdN \x00"),
    (
        Read("t.1.0", 20_000, 0, b"\1key", "strong", -1),
        b"\x97\xa4Read\xa5t.1.0\xcdN \x00\xc4\x04\x01key\xa6strong\xff",
    ),
    (
        ReadPage("t.1.0", 20_000, 0, b"\1", b"\2", True, 10, 1_048_576, "eventual", 41),  # noqa: FBT003
        b"\x9b\xa8ReadPage\xa5t.1.0\xcdN \x00\xc4\x01\x01\xc4\x01\x02\xc3\n\xce\x00\x10\x00\x00\xa8eventual)",
    ),
    (Confirm("t.1.0", 2_000, 0, 42), b"\x95\xa7Confirm\xa5t.1.0\xcd\x07\xd0\x00*"),
    (Describe(), b"\x91\xa8Describe"),
    (CountItems("t.1.0"), b"\x92\xaaCountItems\xa5t.1.0"),
    (MakeCheckpoint("t.1.0"), b"\x92\xaeMakeCheckpoint\xa5t.1.0"),
    (
        ReadCheckpoint("t.1.0", 42, "000007.sst", 1_024),
        b"\x95\xaeReadCheckpoint\xa5t.1.0*\xaa000007.sst\xcd\x04\x00",
    ),
    (AppendScrub("t.1.0", 600_000, 0, contents=True), b"\x95\xa5Scrub\xa5t.1.0\xce\x00\t'\xc0\x00\xc3"),
    (ReadScrub("t.1.0", 20_000, 42), b"\x94\xa9ReadScrub\xa5t.1.0\xcdN *"),
    (Rebuild("t.1.0", 42), b"\x93\xa7Rebuild\xa5t.1.0*"),
    (VerifyReplica("t.1.0", 42), b"\x93\xa8Rehearse\xa5t.1.0*"),
]
ANSWER_BYTES = [
    (Pong(["n1"], can_append=True), b"\x94\xa4Pong\x91\xa2n1\xc3\x01"),
    (
        Written(b"old", None, "ValidationException", "text", 42, 3),
        b"\x97\xa7Written\xc4\x03old\xc0\xb3ValidationException\xa4text*\x03",
    ),
    (
        FeedAppended(42, 7, [None, (b"old", None, "E", "m")]),
        b"\x94\xaaFeedResult*\x07\x92\xc0\x94\xc4\x03old\xc0\xa1E\xa1m",
    ),
    (Found(b"row"), b"\x92\xa5Found\xc4\x03row"),
    (FoundPage([b"row"], 3, full=False), b"\x94\xa9FoundPage\x91\xc4\x03row\x03\xc2"),
    (OffsetAnswer(42), b"\x92\xa2At*"),
    (
        Described([STATUS]),
        (
            b"\x92\xa8Replicas\x91\x8b\xa9partition\xa5t.1.0\xabnext_offset\x07\xa6leader\xa2n1\xa5epoch\x03\xa5leads\xc3"
            b"\xb2lease_remaining_ms\xcd\x05\xdc\xa7skipped\x01\xa4void\x02\xa8checksum\xa400ff\xa7failure\xc0"
            b"\xa6format\x01"
        ),
    ),
    (Counted(2, 300), b"\x93\xa7Counted\x02\xcd\x01,"),
    (CheckpointMade(42, [("CURRENT", 16)]), b"\x93\xa8Manifest*\x91\x92\xa7CURRENT\x10"),
    (Chunk(b"data"), b"\x92\xa5Chunk\xc4\x04data"),
    (ScrubRead("00ff", "abcd", 2), b"\x94\xa5Noted\xa400ff\xa4abcd\x02"),
    (Refused("NotLeader", None), b"\x93\xa7Refused\xa9NotLeader\xc0"),
]


@pytest.mark.parametrize(("message", "wire"), QUESTION_BYTES)
def test_a_question_has_the_bytes_that_other_versions_know(message, wire):
    assert encode(message) == wire
    assert decode_question(wire) == message


@pytest.mark.parametrize(("message", "wire"), ANSWER_BYTES)
def test_an_answer_has_the_bytes_that_other_versions_know(message, wire):
    assert encode(message) == wire
    assert decode_answer(wire) == message


def test_the_bytes_of_every_kind_are_held():
    assert {type(message) for message, _ in QUESTION_BYTES} == set(QUESTIONS)
    assert {type(message) for message, _ in ANSWER_BYTES} == set(ANSWERS)


def test_the_first_releases_messages_without_later_members_are_understood():
    assert decode_answer(b"\x93\xa4Pong\x91\xa2n1\xc3") == Pong(["n1"], can_append=True)
    wire = next(wire for _, wire in ANSWER_BYTES if b"Replicas" in wire)
    assert decode_answer(wire.replace(b"\x91\x8b", b"\x91\x8a").removesuffix(b"\xa6format\x01")) == Described([STATUS])
