"""The golden logs of format 1, as they are recorded: one function writes each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.script_clocks import meta_clock, table_clock
from tests.golden.script_dedupe import dedupe_bytes, dedupe_number
from tests.golden.script_grammar import grammar
from tests.golden.script_hash_only import hash_only
from tests.golden.script_meta import meta
from tests.golden.script_table import table

if TYPE_CHECKING:
    from tests.golden.drafting import Draft


def drafts() -> list[Draft]:
    return [table(), hash_only(), table_clock(), dedupe_number(), dedupe_bytes(), meta(), meta_clock(), grammar()]
