"""The results of scrubs: a replica's checksum, and the digest of its rows, at the place of each Scrub command."""

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
    """What must be equal in all replicas at one place of the log.

    `checksum` (hexadecimal) covers all that is applied before this place. `digest` (hexadecimal) is that of the rows
    there, and `rows` is their number. If the scrub does not ask for a digest, they are None and 0.
    """

    checksum: str
    digest: str | None
    rows: int


class _Pending(NamedTuple):
    """A result whose digest, if any, may still be computed."""

    checksum: str
    digest: asyncio.Task[tuple[str, int]] | None


class ScrubResults:
    """The newest SCRUB_RESULTS_KEPT results of one replica, by the offsets of the Scrub commands' records."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._pending: dict[int, _Pending] = {}

    def note(self, scrubbed: AppliedScrub) -> None:
        """Keep the result of a scrub. Must be called right after its record is applied, so that the rows are right."""
        task = None
        if scrubbed.contents:
            rows = self._replica.scan(*ALL_ROWS)  # the rows as of now, even if they are read later
            task = asyncio.get_running_loop().create_task(digest_rows(rows))
        self._pending[scrubbed.offset] = _Pending(scrubbed.checksum.hex(), task)
        while len(self._pending) > SCRUB_RESULTS_KEPT:
            oldest = self._pending.pop(next(iter(self._pending)))
            if oldest.digest is not None:
                oldest.digest.cancel()

    async def result(self, offset: int) -> ScrubResult:
        """The result of the scrub whose record is at `offset`, which must be applied. Waits for its digest.

        Raises NotLeader if this replica has no result: the scrub is too old, or the replica is being closed.
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
        """Cancel all digests, because the replica is about to be closed."""
        for pending in self._pending.values():
            if pending.digest is not None:
                pending.digest.cancel()
