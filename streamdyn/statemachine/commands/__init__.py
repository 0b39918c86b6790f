"""The commands that a log may hold, one file each. A new file here is found by itself, and needs no registration.

`schemas/` has the same commands as Avro records, one schema for each format.
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
