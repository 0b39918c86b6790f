"""A replica's checksums, and digests of its rows, at the places of the log where a scrub asks for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from streamdyn.errors import NotLeader
from streamdyn.storage.digest import ALL_ROWS, digest_rows

if TYPE_CHECKING:
    from streamdyn.statemachine.effects import AppliedScrub
    from streamdyn.storage.replica import Replica

SCRUB_RESULTS_KEPT = 16


@dataclass(frozen=True, slots=True)
class ScrubResult:
    """What replicas at one place of the log must have in common.

    `checksum` is hexadecimal, and runs over all that was applied before that place. `digest` is that of the `rows` rows
    there, where the scrub asked for it.
    """

    checksum: str
    digest: str | None
    rows: int


class _Pending(NamedTuple):
    """A result whose digest, if any, is still to come."""

    checksum: str
    digest: asyncio.Task[tuple[str, int]] | None


class ScrubResults:
    """The newest results of one replica, by the offsets of the scrubs' records."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._pending: dict[int, _Pending] = {}

    def note(self, scrubbed: AppliedScrub) -> None:
        """Called right after the scrub's record was applied: the rows are those of this place."""
        task = None
        if scrubbed.contents:
            rows = self._replica.scan(*ALL_ROWS)  # as of now, whenever it is read
            task = asyncio.get_running_loop().create_task(digest_rows(rows))
        self._pending[scrubbed.offset] = _Pending(scrubbed.checksum.hex(), task)
        while len(self._pending) > SCRUB_RESULTS_KEPT:
            oldest = self._pending.pop(next(iter(self._pending)))
            if oldest.digest is not None:
                oldest.digest.cancel()

    async def result(self, offset: int) -> ScrubResult:
        """The result at a scrub's record that has been applied, once its digest is there. Raises NotLeader where this
        replica has none: the scrub is too old, or the replica is closed meanwhile.
        """
        pending = self._pending.get(offset)
        if pending is None:
            raise NotLeader
        if pending.digest is None:
            return ScrubResult(pending.checksum, None, 0)
        await asyncio.wait([pending.digest])
        if pending.digest.cancelled():
            raise NotLeader
        rows_digest, rows = pending.digest.result()
        return ScrubResult(pending.checksum, rows_digest, rows)

    def stop(self) -> None:
        """The replica is about to be closed."""
        for pending in self._pending.values():
            if pending.digest is not None:
                pending.digest.cancel()
