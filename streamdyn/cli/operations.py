"""`streamdyn status`, `drain`, `forget` and `verify`: requests to any node at its HTTP endpoint."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import orjson
from rich.console import Console
from rich.table import Table

from streamdyn.errors import OperatorError
from streamdyn.formats import FIRST_FORMAT

TIMEOUT_S = 30.0
VERIFY_TIMEOUT_S = 24 * 60 * 60.0  # every row of the cluster is read


def ask_node(endpoint: str, operation: str, **members: Any) -> dict[str, Any]:
    """Send an operator's request to a node, and return the JSON object of the answer.

    `endpoint` is http://HOST:PORT. `operation` is Status, Drain, Forget or Verify, with its members. Raises
    OperatorError if no node answers, or it refuses.
    """
    host, port = _address(endpoint)
    timeout_s = VERIFY_TIMEOUT_S if operation == "Verify" else TIMEOUT_S
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("POST", "/", orjson.dumps(members), {"X-Amz-Target": f"Streamdyn.{operation}"})
        response = connection.getresponse()
        answer = orjson.loads(response.read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        raise OperatorError(f"no streamdyn answers at {endpoint} ({error}); name a node with --endpoint") from None
    finally:
        connection.close()
    if not isinstance(answer, dict):
        raise OperatorError(f"what answers at {endpoint} is no streamdyn; name a node with --endpoint")
    if response.status != http.client.OK:
        raise OperatorError(str(answer.get("message") or f"{endpoint} refuses: {answer}"))
    return answer


def _address(endpoint: str) -> tuple[str, int]:
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname, url.port or 80
    except ValueError:
        host = None
    if not host or url.scheme != "http":
        raise OperatorError(f"--endpoint {endpoint} is no http://HOST:PORT")
    return host, port


def show_status(status: dict[str, Any]) -> None:
    """Print an answer to Status as two tables."""
    console = Console(markup=False)
    title = f"Nodes (the cluster's format is {status.get('format', FIRST_FORMAT)})"
    nodes = Table("node", "address", "state", "replicas", "leads", "knows format", title=title, title_justify="left")
    for node in status["nodes"]:
        known = str(node.get("newest_format") or "")
        nodes.add_row(node["node"], node["address"], node["state"], str(node["replicas"]), str(node["leads"]), known)
    console.print(nodes)
    partitions = Table(
        *("partition", "leader", "epoch", "lease", "offset", "format", "replicas (lag)"),
        title="Partitions",
        title_justify="left",
    )
    for partition in status["partitions"]:
        lease = f"{partition['lease_ms']} ms" if partition["lease_ms"] else "rests"
        partitions.add_row(
            partition["id"],
            partition["leader"] or "none",
            str(partition["epoch"]),
            lease if partition["leader"] else "",
            str(partition["next_offset"]),
            str(partition.get("format", FIRST_FORMAT)),
            ", ".join(_replica(replica) for replica in partition["replicas"]),
        )
    console.print(partitions)


def show_verified(answer: dict[str, Any]) -> bool:
    """Print an answer to Verify. The result tells whether all replicas are equal."""
    console = Console(soft_wrap=True, markup=False)
    for partition in answer["partitions"]:
        if partition["same"]:
            console.print(_verified(partition))
        else:
            console.print(f"{partition['id']}: DIFFERENT: {partition}", style="red")
    return all(partition["same"] for partition in answer["partitions"])


def _verified(partition: dict[str, Any]) -> str:
    there, missing = len(partition["replicas"]), partition["missing"]
    compared = f"{there} of {there + len(missing)} replicas" if missing else f"{there} replicas"
    is_rebuilt = len(partition["rebuilt"].split()) == 2  # a checksum and a digest
    line = f"{partition['id']}: {compared}{' and a rebuild' if is_rebuilt else ''} are the same at offset "
    line += f"{partition['offset']} ({partition['rows']} rows)"
    line += "".join(f"; {node}: {why}" for node, why in missing.items())
    return line if is_rebuilt else f"{line}; no rebuild: {partition['rebuilt']}"


def _replica(replica: dict[str, Any]) -> str:
    if replica["state"] != "SERVING":
        return f"{replica['node']} ({replica['state']})"
    return f"{replica['node']} ({replica['lag']})"
