"""The formats of a log: an integer that fixes which commands it may hold, and what `apply` does with them.

A format is part of a replica's state. It begins at 1, is raised by a command in that very log (`SetFormat`), and is
never lowered. What a command does never changes under a format: what is done differently since format N, a mended
defect too, asks ``format >= N``. `tests/golden` has logs of each format, with all that came of them.

    1   items, local indexes, leases, tables, nodes, scrubs
    2   the log says its format and its schema (SetFormat, SetSchema); a key outside the partition's hash range is
        refused; fed batches

A node tells the others the newest format that it knows. The leader of `meta` raises the cluster's format, which is that
of `meta`'s log, when every registered node knows it; the leader of each partition then raises its log's. Until then all
write the old format, so a release can be gone back from.
"""

from __future__ import annotations

FIRST_FORMAT = 1

SCHEMA_IN_LOG = 2
"""The first format whose logs say their schema: see above."""

NEWEST_FORMAT = 2
