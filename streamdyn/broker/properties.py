"""The broker's configuration, and why each line is not Kafka's default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.settings import RECORD_MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """The text of `server.properties`: one process that is broker and controller, for this machine only."""
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(log_dir),
        # A topic is a log of somebody's data: none comes into being by a client's typing error.
        "auto.create.topics.enable": "false",
        # The log's clock is the broker's, for topics that others make, too.
        "log.message.timestamp.type": "LogAppendTime",
        # Nothing is forgotten by age or size.
        "log.retention.ms": "-1",
        "log.retention.bytes": "-1",
        "message.max.bytes": str(RECORD_MAX_BYTES),
        # There is one broker.
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "8",
        # Consumers of one machine need not wait for each other.
        "group.initial.rebalance.delay.ms": "0",
        # Test suites make and delete hundreds of tables: their files go at once.
        "log.segment.delete.delay.ms": "1000",
        # A thousand idle logs should not take twice 10 MB of address space each.
        "log.index.size.max.bytes": str(1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        # After a crash the controller waits this long before it takes the only broker back.
        "broker.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "250",
        # The next leader of the only broker's topics is that broker: nothing to hand over at a stop.
        "controlled.shutdown.enable": "false",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
