"""The header `x-streamdyn-position`: where in which logs a request's writes are, and what reads have to include.

    x-streamdyn-position: PARTITION:OFFSET:INDEX, PARTITION:OFFSET:INDEX, ...

An answer tells the place of each write. A request that brings such places waits until the replica that it reads has
applied them: so a service can hand what it has written on to another one, which reads it anywhere. A Kafka producer's
own offset is such a place, with index 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import ValidationException
from streamdyn.model.positions import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

POSITION_HEADER = b"x-streamdyn-position"
POSITIONS_MAX = 100
DIGITS_MAX = 18  # of any number that fits into the messages between nodes


def encode_positions(positions: Mapping[str, Position]) -> bytes:
    return ",".join(f"{partition}:{place.offset}:{place.index}" for partition, place in positions.items()).encode()


def decode_positions(header: bytes) -> dict[str, Position]:
    """The places by partition, the last one of each. Raises ValidationException where it is none of this."""
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
