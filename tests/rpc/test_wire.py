"""The bytes of each message between nodes: two versions of streamdyn must understand each other during an upgrade."""

from __future__ import annotations

import msgspec
import pytest

from streamdyn.rpc import messages as m

STATUS = m.ReplicaStatus("t.1.0", 7, "n1", 3, True, 1500, 1, 2, "00ff", None)  # noqa: FBT003

# As the first release writes them. A member may be added at the end, with a default; nothing else may change.
QUESTIONS = [
    (m.Ping(), b"\x91\xa4Ping"),
    (m.Write("t.1.0", 20_000, 1, b"batch"), b"\x95\xa5Write\xa5t.1.0\xcdN \x01\xc4\x05batch"),
    (m.Lead("t.1.0", 20_000, 0), b"\x94\xa4Lead\xa5t.1.0\xcdN \x00"),
    (
        m.Read("t.1.0", 20_000, 0, b"\1key", "strong", -1),
        b"\x97\xa4Read\xa5t.1.0\xcdN \x00\xc4\x04\x01key\xa6strong\xff",
    ),
    (
        m.ReadPage("t.1.0", 20_000, 0, b"\1", b"\2", True, 10, 1_048_576, "eventual", 41),  # noqa: FBT003
        b"\x9b\xa8ReadPage\xa5t.1.0\xcdN \x00\xc4\x01\x01\xc4\x01\x02\xc3\n\xce\x00\x10\x00\x00\xa8eventual)",
    ),
    (m.Confirm("t.1.0", 2_000, 0, 42), b"\x95\xa7Confirm\xa5t.1.0\xcd\x07\xd0\x00*"),
    (m.Describe(), b"\x91\xa8Describe"),
    (m.CountItems("t.1.0"), b"\x92\xaaCountItems\xa5t.1.0"),
    (m.MakeCheckpoint("t.1.0"), b"\x92\xaeMakeCheckpoint\xa5t.1.0"),
    (
        m.ReadCheckpoint("t.1.0", 42, "000007.sst", 1_024),
        b"\x95\xaeReadCheckpoint\xa5t.1.0*\xaa000007.sst\xcd\x04\x00",
    ),
    (m.Scrub("t.1.0", 600_000, 0, contents=True), b"\x95\xa5Scrub\xa5t.1.0\xce\x00\t'\xc0\x00\xc3"),
    (m.ReadScrub("t.1.0", 20_000, 42), b"\x94\xa9ReadScrub\xa5t.1.0\xcdN *"),
    (m.Rebuild("t.1.0", 42), b"\x93\xa7Rebuild\xa5t.1.0*"),
    (m.Rehearse("t.1.0", 42), b"\x93\xa8Rehearse\xa5t.1.0*"),
]
ANSWERS = [
    (m.Pong(["n1"], well=True), b"\x93\xa4Pong\x91\xa2n1\xc3"),
    (
        m.Written(b"old", None, "ValidationException", "text", 42, 3),
        b"\x97\xa7Written\xc4\x03old\xc0\xb3ValidationException\xa4text*\x03",
    ),
    (m.Found(b"row"), b"\x92\xa5Found\xc4\x03row"),
    (m.FoundPage([b"row"], 3, full=False), b"\x94\xa9FoundPage\x91\xc4\x03row\x03\xc2"),
    (m.At(42), b"\x92\xa2At*"),
    (
        m.Replicas([STATUS]),
        (
            b"\x92\xa8Replicas\x91\x8a\xa9partition\xa5t.1.0\xabnext_offset\x07\xa6leader\xa2n1\xa5epoch\x03\xa5leads\xc3"
            b"\xb2lease_remaining_ms\xcd\x05\xdc\xa7skipped\x01\xa4void\x02\xa8checksum\xa400ff\xa7failure\xc0"
        ),
    ),
    (m.Counted(2, 300), b"\x93\xa7Counted\x02\xcd\x01,"),
    (m.Manifest(42, [("CURRENT", 16)]), b"\x93\xa8Manifest*\x91\x92\xa7CURRENT\x10"),
    (m.Chunk(b"data"), b"\x92\xa5Chunk\xc4\x04data"),
    (m.Noted("00ff", "abcd", 2), b"\x94\xa5Noted\xa400ff\xa4abcd\x02"),
    (m.Refused("NotLeader", None), b"\x93\xa7Refused\xa9NotLeader\xc0"),
]


@pytest.mark.parametrize(("message", "wire"), QUESTIONS)
def test_a_question_has_the_bytes_that_other_versions_know(message, wire):
    assert msgspec.msgpack.encode(message) == wire
    assert msgspec.msgpack.decode(wire, type=m.Question) == message


@pytest.mark.parametrize(("message", "wire"), ANSWERS)
def test_an_answer_has_the_bytes_that_other_versions_know(message, wire):
    assert msgspec.msgpack.encode(message) == wire
    assert msgspec.msgpack.decode(wire, type=m.Answer) == message
