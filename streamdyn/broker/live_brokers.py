"""The number of brokers of a Kafka cluster that are alive."""

from __future__ import annotations

import asyncio

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamdyn.kafka.log import client_config

ANSWER_TIMEOUT_S = 2.0


class LiveBrokers:
    """Asks any broker of `bootstrap` (HOST:PORT, with commas) how many brokers are alive."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient(client_config(bootstrap))

    async def count(self) -> int:
        """The number of brokers that are alive. 0 if none answers within ANSWER_TIMEOUT_S."""
        try:
            described = self._admin.describe_cluster(request_timeout=ANSWER_TIMEOUT_S)
            return len((await asyncio.wrap_future(described)).nodes)
        except KafkaException:
            return 0
