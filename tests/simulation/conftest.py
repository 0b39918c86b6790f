"""Simulated runs tell much that is meant for an operator, on purpose."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What streamdyn says of garbage and of lost connections is not shown."""
    logger = logging.getLogger("streamdyn")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)
