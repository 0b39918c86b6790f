"""`uv run python -m tests.spec`: all states of each instance of the specification, and what each missing rule leads to."""

from __future__ import annotations

from typing import Annotated

import typer

from tests.spec.instances import INSTANCES, LARGE, RULES
from tests.spec.tlc import Searched, search

PATIENCE_S = 3_600
WIDTHS = (15, 39, 33, 11, 7, 9, 6)


def main(
    large: Annotated[bool, typer.Option("--large", help="The large instances instead of all that.")] = False,  # noqa: FBT002
    rule: Annotated[str, typer.Option(help="Without this one only, with the trace that shows what goes wrong.")] = "",
) -> None:
    if rule:
        print(search(INSTANCES[RULES[rule]], rule, timeout_s=PATIENCE_S).told)
        return
    held = True
    _print("instance", "without", "violates", "states", "steps", "seconds", "of CPU")
    for name, instance in (LARGE if large else INSTANCES).items():
        searched = search(instance, timeout_s=PATIENCE_S)
        held = held and searched.violated is None
        _print(name, "", *_told(searched))
    for broken, name in ({} if large else RULES).items():
        searched = search(INSTANCES[name], broken, timeout_s=PATIENCE_S)
        held = held and searched.violated is not None
        _print(name, broken, *_told(searched))
    raise typer.Exit(0 if held else 1)


def _told(searched: Searched) -> tuple[str, ...]:
    times = f"{searched.seconds:.0f}", f"{searched.cpu_seconds:.0f}"
    return searched.violated or "nothing", f"{searched.states:,}", f"{searched.steps}", *times


def _print(*cells: str) -> None:
    """One line, at once: all of them take minutes."""
    line = "".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    typer.run(main)
