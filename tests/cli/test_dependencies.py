"""A node runs without the packages that only developers install: an SDK, and those of the simulation."""

from __future__ import annotations

import subprocess
import sys

# None in sys.modules makes an import fail as if the package were not installed.
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({names!r}))\n"
IMPORT_ALL_ELSE = """
import pkgutil, streamdyn
from importlib import import_module
for found in pkgutil.walk_packages(streamdyn.__path__, "streamdyn."):
    if not found.name.startswith(("streamdyn.simulation", "streamdyn.cli.simulate")):
        import_module(found.name)
        print(found.name)
from streamdyn.api.validation.request_shapes import request_shape
request_shape("PutItem")
"""
SIMULATE = """
from streamdyn.cli.main import app
app(["simulate", "--seeds", "1", "--steps", "10"])
"""


def python(program: str, *, without: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT.format(names=without) + program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_server_needs_no_sdk_and_nothing_of_the_simulation():
    told = python(IMPORT_ALL_ELSE, without=("boto3", "botocore", "greenlet", "streamdyn.simulation"))
    assert told.returncode == 0, told.stderr
    assert {"streamdyn.cli.main", "streamdyn.node.running", "streamdyn.api.app"} <= set(told.stdout.split())


def test_a_simulation_without_greenlet_says_what_to_install():
    told = python(SIMULATE, without=("greenlet",))
    assert told.returncode == 1
    line = "streamdyn: the simulation needs greenlet, which a node does not: pip install 'streamdyn[simulation]'\n"
    assert told.stderr == line
