"""The golden logs of each format, as they are recorded: one function writes each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.script_clocks import meta_clock, table_clock
from tests.golden.script_dedupe import dedupe_bytes, dedupe_number
from tests.golden.script_format_2 import meta_2, table_2
from tests.golden.script_grammar import grammar
from tests.golden.script_hash_only import hash_only
from tests.golden.script_meta import meta
from tests.golden.script_table import table

if TYPE_CHECKING:
    from tests.golden.drafting import Draft


def drafts(number: int) -> list[Draft]:
    """The logs of a format."""
    if number == 1:
        return [table(), hash_only(), table_clock(), dedupe_number(), dedupe_bytes(), meta(), meta_clock(), grammar()]
    return [table_2(), meta_2()]
