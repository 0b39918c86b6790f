"""The house rules that no linter knows, each with what to do instead."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form

from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "streamdyn").rglob("*.py"))
MODULES = [path for path in SOURCES if path.name != "__init__.py"]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
MAX_LINES = 600
MAX_FUNCTION_LINES = 70
FINGERPRINTS = {1: "4133aa416b921171", 2: "7165b2e160033367"}


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_each_file_begins_with_a_sentence(path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "begin the file with one sentence that a newcomer understands"
    assert docstring[0].isupper() or docstring[0] == "`"


@pytest.mark.parametrize("path", SOURCES, ids=names(SOURCES))
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_LINES, "what are its two halves called?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines: name its steps"


def test_no_file_is_named_for_nothing_in_particular():
    vague = {"utils", "helpers", "common", "manager", "base", "misc"}
    assert not vague & {path.stem for path in SOURCES}


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_format_has_its_fingerprint_its_golden_logs_and_its_line():
    """Add the fingerprint to FINGERPRINTS, record its logs (tests/golden/README.md), and describe it in formats.py."""
    expected = set(range(FIRST_FORMAT, NEWEST_FORMAT + 1))
    assert set(FINGERPRINTS) == expected
    assert {int(path.name.partition("-")[2]) for path in (ROOT / "tests" / "golden").glob("format-*")} == expected
    described = re.findall(r"^    (\d+)   ", (ROOT / "streamdyn" / "formats.py").read_text(), re.MULTILINE)
    assert set(map(int, described)) == expected


@pytest.mark.parametrize(("number", "expected"), FINGERPRINTS.items())
def test_the_schema_of_a_format_never_changes(number, expected):
    """A log that was written under another schema would look like garbage, and be skipped: a change needs a file and a
    format number of its own.
    """
    schema = json.loads((ROOT / "schemas" / f"command_batch_{number}.avsc").read_text())
    assert fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO") == expected


def test_the_glossary_is_in_order():
    rows = re.findall(r"^\| ([a-z][a-z ,]*) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert rows[1:] == sorted(rows[1:])
