"""The formats of a log: an integer that fixes which commands the log may hold, and what `apply` does with them.

The format is part of a replica's state. It begins at 1. The command `SetFormat` in the log raises it, and nothing
lowers it. What a command does never changes within a format. If the code changes what a command does in format N, even
to fix a defect, it checks ``format >= N``. `tests/golden` has logs of each format, with the results of each command.

    1   items, local indexes, leases, tables, nodes, scrubs
    2   the log holds its format and its schema (SetFormat, SetSchema); a key outside the partition's hash range is
        refused; fed batches

Each node tells the others the newest format that it knows. When every registered node knows a format, the leader of
`meta` raises the format of `meta`'s log, which is the cluster's. Then the leader of each partition raises the format of
its log. Until then all nodes write the old format, and an operator can go back to the older release. Source: the
read-write deployments of DynamoDB (DynamoDB paper, USENIX ATC'22, section 6.4).
"""

from __future__ import annotations

FIRST_FORMAT = 1
"""The format of a new log."""

SCHEMA_IN_LOG = 2
"""The first format whose logs hold their schema: see above."""

NEWEST_FORMAT = 2
"""The newest format that this release knows."""
