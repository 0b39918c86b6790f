from __future__ import annotations

import pytest

from streamdyn.api.positions import decode_positions
from streamdyn.errors import ValidationException
from streamdyn.model.positions import Position


def test_positions_are_read_with_the_last_one_of_each_partition():
    assert decode_positions(b"a.1:5:0, b:7:2,a.1:4:9") == {"a.1": Position(5, 0), "b": Position(7, 2)}


@pytest.mark.parametrize(
    "header",
    [
        *(b"", b"a", b"a:1", b"a:1:", b"a:-1:0", b"a:1:0,", b":1:0", b"a:\xb2:0", b"a:0x1:0", b"a:1:0:0"),
        # More than fits into the messages between nodes, where it would raise an unexpected error.
        *(b"a:%d:0" % (1 << 64), b"a:0:%d" % (1 << 64)),
    ],
)
def test_what_is_no_position_is_refused(header: bytes):
    with pytest.raises(ValidationException):
        decode_positions(header)
