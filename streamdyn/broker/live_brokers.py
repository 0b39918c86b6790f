"""Who of a quorum's brokers serves."""

from __future__ import annotations

import asyncio

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamdyn.kafka.log import client_config

ANSWER_TIMEOUT_S = 2.0


class LiveBrokers:
    """Asks any broker of `bootstrap` how many there are."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient(client_config(bootstrap))

    async def count(self) -> int:
        """How many brokers serve; 0 where none answers."""
        try:
            described = self._admin.describe_cluster(request_timeout=ANSWER_TIMEOUT_S)
            return len((await asyncio.wrap_future(described)).nodes)
        except KafkaException:
            return 0
