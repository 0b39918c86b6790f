"""The commands that may be in a log, one file each: a file here is all that makes a command one.

`schemas/` has the same list as Avro, one schema for each format.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from streamdyn.statemachine.command import Command


def _commands() -> dict[str, type[Command]]:
    found: dict[str, type[Command]] = {}
    for module in iter_modules(__path__):
        for member in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(member, type) and issubclass(member, Command) and member.__module__.startswith(__name__):
                found[member.__name__] = member
    return found


COMMANDS = _commands()
"""Every command's class by its name, which is that of its Avro record."""
