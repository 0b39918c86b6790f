"""A network of our own: a bridge, and a namespace for each process, so that what goes from one to another can be cut.

Nothing that is sent in it leaves this machine. Runs at the same time use bridges with different numbers.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from itertools import count

import psutil

NETWORKS_MAX = 250
NOBODY = "02:00:00:00:00:01"  # a hardware address that no interface has


class NoNetworkError(Exception):
    """There is no right, or no tool, to make one here."""


class Network:
    """Made whole by the constructor, gone after `close`."""

    def __init__(self) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NoNetworkError("network namespaces need root, and `ip`")
        _clean_up_after_the_dead()
        self._number = _take_a_number()
        self._bridge = _bridge(self._number)
        self._hosts = count(2)
        self._addresses: dict[str, str] = {}
        self._cuts: set[tuple[str, str]] = set()
        # Whose it is, should this process not come to an orderly end.
        _ip("link", "set", self._bridge, "alias", f"torture of process {os.getpid()}", "up")
        _ip("addr", "add", f"{self._prefix}.1/24", "dev", self._bridge)

    def add(self, name: str) -> str:
        """A namespace for a process: its address."""
        namespace, number = self.namespace(name), next(self._hosts)
        outside, address = f"sd{self._number}-{number}", f"{self._prefix}.{number}"
        _ip("netns", "add", namespace)
        _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip("link", "set", outside, "master", self._bridge, "up")
        _ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            _ip("-n", namespace, "link", "set", device, "up")
        self._addresses[name] = address
        return address

    def namespace(self, name: str) -> str:
        return f"sd{self._number}-{name}"

    def cut(self, sender: str, receiver: str) -> None:
        """Nothing that one process sends reaches the other, and none of the two is told."""
        # The sender's packets go to a machine that does not exist, as on a real network after a failure.
        address = self._addresses[receiver]
        _ip(
            "-n",
            self.namespace(sender),
            "neigh",
            "replace",
            address,
            "lladdr",
            NOBODY,
            "nud",
            "permanent",
            "dev",
            "eth0",
        )
        self._cuts.add((sender, receiver))

    def mend(self) -> None:
        """All cuts."""
        for sender, receiver in self._cuts:
            _ip("-n", self.namespace(sender), "neigh", "del", self._addresses[receiver], "dev", "eth0")
        self._cuts.clear()

    def close(self) -> None:
        _remove(self._number)

    @property
    def _prefix(self) -> str:
        return f"10.77.{self._number}"


def _bridge(number: int | str) -> str:
    return f"sdbridge{number}"


def _take_a_number() -> int:
    """By making its bridge, which only one process can do."""
    told = ""
    for number in range(1, NETWORKS_MAX):
        made = _try_ip("link", "add", _bridge(number), "type", "bridge")
        if made.returncode == 0:
            return number
        told = made.stderr
        if "File exists" not in told:
            break
    raise NoNetworkError(f"cannot make a bridge: {told.strip()}")


def _clean_up_after_the_dead() -> None:
    """Runs that were killed left their networks and their processes."""
    for link in json.loads(_try_ip("-j", "link", "show", "type", "bridge").stdout or "[]"):
        owner = link.get("ifalias", "").partition("torture of process ")[2]
        if owner and not psutil.pid_exists(int(owner)):
            _remove(int(link["ifname"].removeprefix(_bridge(""))))


def _remove(number: int) -> None:
    for line in _try_ip("netns", "list").stdout.splitlines():
        namespace = line.split()[0]
        if namespace.startswith(f"sd{number}-"):
            for pid in _try_ip("netns", "pids", namespace).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _try_ip("netns", "del", namespace)
    # The kernel takes its time to remove a namespace and what is in it; the bridge comes last, as it holds the number.
    for link in json.loads(_try_ip("-j", "link", "show", "type", "veth").stdout or "[]"):
        if link["ifname"].startswith(f"sd{number}-"):
            _try_ip("link", "del", link["ifname"])
    _try_ip("link", "del", _bridge(number))


def _ip(*arguments: str) -> None:
    done = _try_ip(*arguments)
    assert done.returncode == 0, (arguments, done.stderr)


def _try_ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
