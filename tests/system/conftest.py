"""Instances for the tests: one that most of them share, and makers of those that a test may break."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.system.harness import DATA_DIRS, Instance

Make = Callable[..., Instance]

_numbers = count(1)


def _maker(stack: ExitStack) -> Make:
    def make(*options: str, **settings: Any) -> Instance:
        data_dir = Path(tempfile.mkdtemp(prefix="streamdyn-test-", dir=DATA_DIRS))
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        return stack.enter_context(Instance(data_dir, *options, **settings))

    return make


@pytest.fixture(scope="session", autouse=True)
def _kafka(quick_kafka: None) -> None:
    """Every test here has one."""


@pytest.fixture(scope="session")
def shared() -> Iterator[Instance]:
    """One running `streamdyn up` for every test that leaves it as it was."""
    with ExitStack() as stack:
        yield _maker(stack)().start()


@pytest.fixture
def own() -> Iterator[Make]:
    """Makes instances with a broker of their own; not started yet."""
    with ExitStack() as stack:
        yield _maker(stack)


@pytest.fixture
def guest(shared: Instance) -> Iterator[Make]:
    """Makes instances that are a cluster of their own on the shared broker; not started yet."""
    with ExitStack() as stack:
        make = _maker(stack)
        yield lambda *options: make(*options, kafka=shared.bootstrap, cluster=f"guest{next(_numbers)}")


@pytest.fixture
def table(shared: Instance) -> Iterator[str]:
    """A fresh table of the shared instance."""
    from tests.system.harness import make_table

    client = shared.client()
    name = f"table{next(_numbers)}"
    make_table(client, name)
    yield name
    client.delete_table(TableName=name)
