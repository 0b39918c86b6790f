"""Which replicas are wrong: continuous verification (the paper, section 4.4), by their checksums at one place.

The checksum runs over all that a replica ever wrote, record by record. Replicas that differ at one place have not
applied the same records, or not the same way: one of them has a defect, and more data should not be trusted to it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def minority(checksums: Mapping[str, str]) -> set[str]:
    """The nodes whose checksum is not that of more than half of them. None if no checksum has so many: nobody knows who
    is right then.
    """
    if not checksums:
        return set()
    ((most, count),) = Counter(checksums.values()).most_common(1)
    if count * 2 <= len(checksums):
        return set()
    return {node for node, checksum in checksums.items() if checksum != most}
