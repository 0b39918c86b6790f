"""`streamdyn broker`: prepare the folder of one broker of a Kafka cluster, and replace this process by the broker."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from hashlib import blake2b
from typing import TYPE_CHECKING, NoReturn

from streamdyn.broker import distribution
from streamdyn.broker.properties import quorum_properties
from streamdyn.broker.tcp_ports import ANY_HOST, check_free
from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from streamdyn.broker.properties import QuorumMember

# Without eligible leader replicas (Kafka KIP-966), an acknowledged record could be lost when the in-sync replicas crash
# one after the other.
FEATURES = ["--feature", "eligible.leader.replicas.version=1"]
OTHER_FOLDER = "choose another --data-dir"


def exec_broker(member: QuorumMember, cluster: str) -> NoReturn:
    """Prepare the broker's folder, and replace this process by the broker (exec). Raises as `prepare` does."""
    command = prepare(member, cluster)
    os.execv(command[0], command)  # noqa: S606 - Java replaces this process, so that it is the first one of a container


def prepare(member: QuorumMember, cluster: str) -> list[str]:
    """Prepare the broker's folder, and return the command line of the broker. A new folder is formatted.

    `cluster` is Kafka's id of the cluster. If it is empty, the id follows from the voters (see `cluster_id`).

    Raises OperatorError if the options are wrong, an address is in use, or the folder cannot be written or belongs to
    another broker or cluster.
    """
    _check(member)
    java = [distribution.java(), *distribution.JVM_FLAGS, "-cp", distribution.class_path()]
    home = member.log_dir.parent
    try:
        home.mkdir(parents=True, exist_ok=True)
        properties = home / "server.properties"
        properties.write_text(quorum_properties(member))
        known = _read(member.log_dir / "meta.properties")
    except OSError as error:
        raise OperatorError(f"cannot write to {home} ({error.strerror}); mend that, or {OTHER_FOLDER}") from None
    wanted = cluster or cluster_id(member.voters)
    if known is None:
        _format(java, properties, member.log_dir, wanted)
    else:
        _check_same(known, member, wanted)
    return [*java, "kafka.Kafka", str(properties)]


def cluster_id(voters: str) -> str:
    """Kafka's cluster id for these voters: 16 bytes in URL-safe base64 that does not begin with a dash.

    It is the same on every broker with the same voters, in any order.
    """
    digest = blake2b(",".join(sorted(voters.split(","))).encode(), digest_size=16).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode().replace("-", "_")


def _check(member: QuorumMember) -> None:
    voters = [re.fullmatch(r"(\d+)@(.+):(\d+)", voter) for voter in member.voters.split(",")]
    if not all(voters):
        raise OperatorError(f"--voters {member.voters} is no list of ID@HOST:PORT with commas between them")
    ids = [int(voter[1]) for voter in voters if voter is not None]
    if member.id not in ids or len(set(ids)) < len(ids):
        raise OperatorError(f"--voters {member.voters} must name every broker once, and this one, {member.id}, too")
    if member.advertise in ANY_HOST:
        raise OperatorError(f"--listen {member.listen} is no address to reach a broker at: name one with --advertise")
    for option, address in (("--listen", member.listen), ("--controller-listen", member.controller_listen)):
        host, _, port = address.rpartition(":")
        check_free(host.strip("[]"), int(port), f"choose another {option}")


def _read(meta: Path) -> dict[str, str] | None:
    """The content of Kafka's `meta.properties` in a formatted folder, or None if the folder is new."""
    if not meta.exists():
        return None
    lines = meta.read_text(errors="replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _check_same(known: dict[str, str], member: QuorumMember, wanted: str) -> None:
    if known.get("node.id") != str(member.id):
        raise OperatorError(f"{member.log_dir} is the folder of broker {known.get('node.id')}; {OTHER_FOLDER}")
    if (there := known.get("cluster.id")) != wanted:
        raise OperatorError(
            f"{member.log_dir} belongs to Kafka cluster {there}, not {wanted}; {OTHER_FOLDER}, or, if only the "
            f"addresses of the --voters have changed, say --cluster-id {there} to each of them"
        )


def _format(java: list[str], properties: Path, log_dir: Path, cluster: str) -> None:
    """Format a new folder with the cluster id."""
    command = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), *FEATURES]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        output = (done.stderr or done.stdout).decode(errors="replace").strip().split("\n")
        raise OperatorError(f"Kafka cannot use {log_dir} ({output[-1]}); {OTHER_FOLDER}")
