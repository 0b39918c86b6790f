"""`uv run python -m tests.spec`: random walks through the specification, whole and without each of its rules."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.spec.tlc import EVERYTHING, RULES, walk


def main(
    seconds: Annotated[float, typer.Option(help="For each of them.")] = 30,
    rule: Annotated[str, typer.Option(help="Without this one only, with the trace that shows what goes wrong.")] = "",
) -> None:
    console = Console()
    if rule:
        console.print(walk(rule, RULES[rule], seconds).told, markup=False)
        return
    table = Table("without", "violates", "states", "seconds")
    whole = walk("none", EVERYTHING, seconds)
    table.add_row("nothing", whole.violated or "nothing", "", f"{whole.seconds:.0f}")
    for missing, happens in RULES.items():
        walked = walk(missing, happens, seconds)
        table.add_row(missing, walked.violated or "not found", f"{walked.states:,}", f"{walked.seconds:.1f}")
    console.print(table)
    raise typer.Exit(1 if whole.violated else 0)


if __name__ == "__main__":
    typer.run(main)
