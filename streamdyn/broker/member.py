"""`streamdyn broker`: one broker of a cluster of several. It prepares the broker's folder, and then becomes Kafka."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING, NoReturn

from streamdyn.broker import distribution
from streamdyn.broker.process import JVM_FLAGS
from streamdyn.broker.properties import quorum_properties
from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from streamdyn.broker.properties import QuorumMember

# Without it, an acknowledged record could be lost where the in-sync replicas end one after the other (KIP-966).
FEATURES = ["--feature", "eligible.leader.replicas.version=1"]


def become_broker(member: QuorumMember) -> NoReturn:
    """Format the folder if it is new, and replace this process by the broker. Raises OperatorError."""
    command = prepare(member)
    os.execv(command[0], command)  # noqa: S606 - the process becomes Java: in a container, it is the first one


def prepare(member: QuorumMember) -> list[str]:
    """The broker's command line, once its folder is ready for it."""
    class_path = distribution.class_path()
    home = member.log_dir.parent
    for listener in (member.listen, member.controller_listen):
        _check_free(listener)
    try:
        home.mkdir(parents=True, exist_ok=True)
        properties = home / "server.properties"
        properties.write_text(quorum_properties(member))
    except OSError as error:
        raise OperatorError(f"cannot write to {home} ({error.strerror}); choose another --data-dir") from None
    java = [distribution.java(), *JVM_FLAGS, "-cp", class_path]
    _format(java, properties, member)
    return [*java, "kafka.Kafka", str(properties)]


def cluster_id(voters: str) -> str:
    """The same on every broker with the same voters: 16 bytes in URL-safe base64 that does not begin with a dash."""
    digest = blake2b(voters.encode(), digest_size=16).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode().replace("-", "_")


def _format(java: list[str], properties: Path, member: QuorumMember) -> None:
    """Give a new folder its cluster id; one of another cluster is refused."""
    wanted = cluster_id(member.voters)
    written = member.log_dir / "meta.properties"
    if written.exists():
        if f"cluster.id={wanted}" not in written.read_text() or f"node.id={member.id}\n" not in written.read_text():
            raise OperatorError(
                f"{member.log_dir} is the folder of another broker, or of one with other --voters; choose another "
                f"--data-dir, or name the same --id and --voters as before"
            )
        return
    command = [*java, "kafka.tools.StorageTool", "format", "-t", wanted, "-c", str(properties), *FEATURES]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        told = (done.stderr or done.stdout).decode(errors="replace").strip().split("\n")
        raise OperatorError(f"Kafka cannot use {member.log_dir} ({told[-1]}); choose another --data-dir")


def _check_free(listener: str) -> None:
    host, _, port = listener.rpartition(":")
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise OperatorError(f"cannot listen on {listener} ({error.strerror}); choose another address") from None
