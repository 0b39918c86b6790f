"""The two sides, started once for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.differential.oracle import dynamodb_local
from tests.differential.sides import Http, InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def oracle() -> Iterator[Http]:
    with dynamodb_local() as port, Http(port) as side:
        yield side


@pytest.fixture
def ours() -> InProcess:
    return InProcess()
