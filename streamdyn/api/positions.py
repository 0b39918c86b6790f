"""The header `x-streamdyn-position`: the positions of a request's writes, or the positions that its reads must include.

    x-streamdyn-position: PARTITION:OFFSET:INDEX, PARTITION:OFFSET:INDEX, ...

A response to a write has the position of each write. If a request has positions, its reads wait until the replica has
applied them. So a service can write an item and pass the position to another service, which then reads that write at
any node. For a record of another Kafka producer, the position is the record's offset, with the index 0.

The whole protocol: `docs/protocol.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import ValidationException
from streamdyn.model.positions import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

POSITION_HEADER = b"x-streamdyn-position"
POSITIONS_MAX = 100
DIGITS_MAX = 18  # any number of so many digits fits into the 64-bit integers of the messages between nodes


def encode_positions(positions: Mapping[str, Position]) -> bytes:
    """The value of the header for positions by partition id."""
    return ",".join(f"{partition}:{place.offset}:{place.index}" for partition, place in positions.items()).encode()


def decode_positions(header: bytes) -> dict[str, Position]:
    """The positions by partition id, the greatest one of each partition.

    Raises ValidationException for another form, and for more than 100 positions.
    """
    positions: dict[str, Position] = {}
    parts = header.decode("latin-1").split(",")
    if len(parts) > POSITIONS_MAX:
        raise ValidationException(f"x-streamdyn-position may have {POSITIONS_MAX} positions, and has {len(parts)}")
    for part in parts:
        partition, _, place = part.strip().partition(":")
        offset, _, index = place.partition(":")
        if not partition or not _is_number(offset) or not _is_number(index):
            raise ValidationException(f"x-streamdyn-position has {part.strip()!r}, which is no PARTITION:OFFSET:INDEX")
        position = Position(int(offset), int(index))
        positions[partition] = max(position, positions.get(partition, position))
    return positions


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= DIGITS_MAX
