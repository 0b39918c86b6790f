"""The configuration of brokers, with the reason for each difference from Kafka's defaults ("Broker Configs" there)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.settings import RECORD_MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"

COMMON = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # A typing error of a client must not create a topic.
    "auto.create.topics.enable": "false",
    # The clock of a log is the broker's, also for topics that an operator creates.
    "log.message.timestamp.type": "LogAppendTime",
    # No record is deleted by age or size.
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    "message.max.bytes": str(RECORD_MAX_BYTES),
    "unclean.leader.election.enable": "false",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "8",
    "share.coordinator.state.topic.num.partitions": "8",
    # Consumer groups on one machine start without a delay.
    "group.initial.rebalance.delay.ms": "0",
    # Test suites create and delete hundreds of tables, whose files must go soon.
    "log.segment.delete.delay.ms": "1000",
    # Each log has two indexes. At Kafka's default of 10 MB each, a thousand idle logs take too much address space.
    "log.index.size.max.bytes": str(1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
    # A broker that sends no heartbeat for this time is fenced, and others lead its topics.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "250",
}


@dataclass(frozen=True, slots=True)
class QuorumMember:
    """One broker of several. Each broker is a controller, too.

    `voters` are ID@HOST:PORT of all controllers, with commas. `listen` and `controller_listen` are HOST:PORT. Clients
    and other brokers reach the broker at the host `advertise`.
    """

    id: int
    voters: str
    listen: str
    controller_listen: str
    advertise: str
    log_dir: Path


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """The text of `server.properties` for a single broker, which listens on this machine only."""
    single = {
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": str(log_dir),
        # A single broker has no other broker to hand its leaderships over to.
        "controlled.shutdown.enable": "false",
    }
    return _text(COMMON | _replication(1) | single)


def quorum_properties(member: QuorumMember) -> str:
    """The text of `server.properties` for one broker of several."""
    _, _, port = member.listen.rpartition(":")
    several = {
        "node.id": str(member.id),
        "controller.quorum.voters": member.voters,
        "listeners": f"PLAINTEXT://{member.listen},CONTROLLER://{member.controller_listen}",
        "advertised.listeners": f"PLAINTEXT://{_bracketed(member.advertise)}:{port}",
        "log.dirs": str(member.log_dir),
        # A slow follower soon leaves the in-sync replicas, so that acks=all does not wait for it.
        "replica.lag.time.max.ms": "2000",
        # Another controller takes over in about the same time as another broker.
        "controller.quorum.fetch.timeout.ms": "1000",
        "controller.quorum.election.timeout.ms": "500",
        "controller.quorum.election.backoff.max.ms": "200",
        # A broker that comes back soon leads again what it led before.
        "leader.imbalance.check.interval.seconds": "10",
    }
    return _text(COMMON | _replication(member.voters.count(",") + 1) | several)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _replication(brokers: int) -> dict[str, str]:
    """The replication factors of Kafka's internal topics, and the defaults for other topics."""
    replicas, in_sync = str(min(3, brokers)), "2" if brokers >= 3 else "1"
    return {
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _text(lines: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in lines.items())
