"""The containers' description, as far as that can be checked without an engine: against the command line and itself."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from streamdyn.cli.main import app

COMPOSE = Path(__file__).parents[2] / "compose"
ROOT = COMPOSE.parent
STACK = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
SERVICES = STACK["services"]
BROKERS = sorted(name for name in SERVICES if name.startswith("broker"))
NODES = sorted(name for name in SERVICES if name.startswith("node"))


def options(service: str) -> dict[str, object]:
    """The service's command, as our own command line takes it."""
    words = shlex.split(SERVICES[service]["command"])
    group = typer.main.get_command(app)
    command = group.commands[words[0]]  # type: ignore[attr-defined]
    return dict(command.make_context(words[0], words[1:]).params)


def test_there_are_three_of_each() -> None:
    assert (len(BROKERS), len(NODES)) == (3, 3)


@pytest.mark.parametrize("service", SERVICES)
def test_every_command_is_one_of_ours(service: str) -> None:
    assert options(service)["data_dir"] == Path("/data")


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_keeps_its_data_in_a_volume_of_its_own(service: str) -> None:
    assert SERVICES[service]["volumes"] == [f"{service}:/data"]
    assert service in STACK["volumes"]


def test_every_broker_is_the_voter_that_it_says() -> None:
    for number, service in enumerate(BROKERS, 1):
        told = options(service)
        assert told["id"] == number
        assert told["voters"] == ",".join(f"{n}@{name}:9093" for n, name in enumerate(BROKERS, 1))
        assert told["advertise"] == service
        assert str(told["controller_listen"]).endswith(":9093")


def test_every_node_knows_all_brokers_and_waits_for_them() -> None:
    for service in NODES:
        assert options(service)["kafka"] == ",".join(f"{name}:9092" for name in BROKERS)
        assert options(service)["advertise"] == service
        assert SERVICES[service]["depends_on"] == {key: {"condition": "service_healthy"} for key in BROKERS}


def test_every_node_has_a_port_of_this_machine_only() -> None:
    ports = [SERVICES[service]["ports"] for service in NODES]
    assert ports == [[f"127.0.0.1:{8000 + n}:8000"] for n in range(3)]
    assert all(str(options(service)["listen"]).endswith(":8000") for service in NODES)


@pytest.mark.parametrize("service", SERVICES)
def test_every_health_check_is_a_python_program_that_asks_the_port_that_is_listened_on(service: str) -> None:
    _, python, flag, program = SERVICES[service]["healthcheck"]["test"]
    assert (python, flag) == (".venv/bin/python", "-c")
    ast.parse(program)
    port = str(options(service)["listen"]).rpartition(":")[2]
    assert port in program


def test_the_image_is_made_of_files_that_are_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (COMPOSE / "Dockerfile").read_text(), re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert names and all((ROOT / name).exists() for name in names)


def test_no_registry_is_named() -> None:
    for file in COMPOSE.iterdir():
        for image in re.findall(r"^(?:FROM|\s*image:) (\S+)", file.read_text(), re.MULTILINE):
            assert "/" not in image and "." not in image.partition(":")[0]
