"""The verdict on a history: ours and porcupine's, which must be the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from platformdirs import user_cache_path

from tests.java import alone
from tests.torture import checker
from tests.torture.history import as_lines

if TYPE_CHECKING:
    from tests.torture.history import Call

SOURCE = Path(__file__).parent / "porcupine"
GO_PLACES = "/usr/local/go/bin:/usr/lib/go/bin"
BUILD_TIMEOUT_S = 240


@cache
def porcupine() -> Path | None:
    """The program, built where Go is installed and can fetch the module: None elsewhere."""
    go = shutil.which("go") or shutil.which("go", path=GO_PLACES)
    if go is None:
        return None
    program = user_cache_path("streamdyn-torture", ensure_exists=True) / "porcupine"
    made = program.with_name(f"porcupine-{os.getpid()}")
    with alone("porcupine"):  # the second one finds all of it compiled
        built = subprocess.run(
            [go, "build", "-o", str(made), "."], cwd=SOURCE, capture_output=True, check=False, timeout=BUILD_TIMEOUT_S
        )
    return made.replace(program) if built.returncode == 0 else None


def porcupine_says(history: list[Call], limit_s: int = 60) -> dict[str, str]:
    """The keys that porcupine finds wrong, or too hard to tell within the limit."""
    program = porcupine()
    assert program is not None
    command = [str(program), "-limit", f"{limit_s}s"]
    done = subprocess.run(command, input=as_lines(history), capture_output=True, check=True)
    answers = [orjson.loads(line) for line in done.stdout.splitlines()]
    return {answer["key"]: answer["verdict"] for answer in answers}


def judge(history: list[Call], limit_s: int = 60) -> list[str]:
    """What is wrong with a history, in words. What is too hard for porcupine is left to our own checker."""
    ours = checker.check(history)
    found = [str(violation) for violation in ours]
    if porcupine() is not None:
        theirs = porcupine_says(history, limit_s)
        wrong = {key for key in theirs if theirs[key] == "wrong"}
        differ = wrong ^ ({violation.key for violation in ours} - (theirs.keys() - wrong))
        found += [
            f"{key}: only {'porcupine' if key in wrong else 'our checker'} finds it wrong" for key in sorted(differ)
        ]
    return found


def who_judges() -> str:
    return "our checker and porcupine" if porcupine() is not None else "our checker alone (no Go here, or no module)"
