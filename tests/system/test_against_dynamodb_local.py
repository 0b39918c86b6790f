"""The differential tests' comparison once more, over HTTP, Kafka and RocksDB: a part of the corpus is enough here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.differential import corpus_conditions, corpus_legacy, corpus_reads, corpus_updates
from tests.differential.oracle import dynamodb_local
from tests.differential.sides import Http
from tests.differential.test_differential import agree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.harness import Instance

pytestmark = [pytest.mark.kafka, pytest.mark.oracle, pytest.mark.slow]

GROUPS = [
    corpus_conditions.GROUPS["BETWEEN and IN"],
    corpus_legacy.GROUPS["Expected"],
    corpus_reads.GROUPS["batches"],
    corpus_reads.GROUPS["large pages"],
    corpus_reads.GROUPS["local indexes"],
    corpus_reads.GROUPS["number keys"],
    corpus_updates.GROUPS["return values"],
]


@pytest.fixture(scope="module")
def oracle() -> Iterator[Http]:
    with dynamodb_local() as port, Http(port) as side:
        yield side


def test_it_answers_as_dynamodb_local(oracle: Http, shared: Instance) -> None:
    with Http(int(urlsplit(shared.url).port or 0)) as ours:
        for group in GROUPS:
            agree(group, oracle, ours)
