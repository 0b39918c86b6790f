"""A replica's checksums, and digests of its rows, at the places of the log where a scrub asks for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.storage.digest import ALL_ROWS, digest

if TYPE_CHECKING:
    from streamdyn.statemachine.effects import Scrubbed
    from streamdyn.storage.replica import Replica

KEPT = 16


@dataclass(frozen=True, slots=True)
class Noted:
    """What there is to compare at one place; `digest` where the scrub asked for it, to come."""

    checksum: str
    digest: asyncio.Task[tuple[str, int]] | None


class Scrubs:
    """The newest ones of one replica, by the offsets of the scrubs' records."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._noted: dict[int, Noted] = {}

    def note(self, scrubbed: Scrubbed) -> None:
        """Called right after the scrub's record was applied: the rows are those of this place."""
        task = None
        if scrubbed.contents:
            rows = self._replica.scan(*ALL_ROWS)  # as of now, whenever it is read
            task = asyncio.get_running_loop().create_task(digest(rows))
        self._noted[scrubbed.offset] = Noted(scrubbed.checksum.hex(), task)
        while len(self._noted) > KEPT:
            oldest = self._noted.pop(next(iter(self._noted)))
            if oldest.digest is not None:
                oldest.digest.cancel()

    def at(self, offset: int) -> Noted | None:
        return self._noted.get(offset)

    def stop(self) -> None:
        for noted in self._noted.values():
            if noted.digest is not None:
                noted.digest.cancel()
