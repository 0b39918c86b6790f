"""A cut network is cut: in one direction or both, without a word to anybody, until it is mended."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.torture.network import Network, NoNetworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sends to the other one, and tells what has come from it.
TALK = """
import socket, sys, time
me, other = sys.argv[1:]
mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mine.bind((me, 5000))
mine.settimeout(0.05)
print("ready", flush=True)
for line in sys.stdin:
    mine.sendto(line.encode(), (other, 5000))
    heard, until = "", time.monotonic() + 0.3
    while time.monotonic() < until:
        try:
            heard += mine.recv(100).decode().strip()
        except TimeoutError:
            pass
    print(heard, flush=True)
"""


@pytest.fixture
def network() -> Iterator[Network]:
    try:
        made = Network()
    except NoNetworkError as error:
        pytest.skip(str(error))
    yield made
    made.close()


class Talker:
    def __init__(self, network: Network, name: str, address: str, other: str) -> None:
        command = ["ip", "netns", "exec", network.namespace(name), sys.executable, "-c", TALK, address, other]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.hear() == "ready"

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def talkers(network: Network) -> Iterator[tuple[Talker, Talker]]:
    a, b = network.add("a"), network.add("b")
    both = Talker(network, "a", a, b), Talker(network, "b", b, a)
    yield both
    for talker in both:
        talker.end()


def heard(talkers: tuple[Talker, Talker]) -> tuple[str, str]:
    """What comes of both saying something: who has heard it."""
    for talker, word in zip(talkers, ("from-a", "from-b"), strict=True):
        talker.say(word)
    return talkers[0].hear(), talkers[1].hear()


def test_what_is_cut_is_not_heard(network: Network, talkers: tuple[Talker, Talker]) -> None:
    assert heard(talkers) == ("from-b", "from-a")
    network.cut("a", "b")
    assert heard(talkers) == ("from-b", "")
    network.cut("b", "a")
    assert heard(talkers) == ("", "")
    network.mend()
    assert heard(talkers) == ("from-b", "from-a")


def test_networks_do_not_see_each_other(network: Network) -> None:
    other = Network()
    try:
        network.add("a")
        address = other.add("a")
        probe = "import socket, sys; socket.create_connection((sys.argv[1], 1), 1)"
        command = ["ip", "netns", "exec", network.namespace("a"), sys.executable, "-c", probe, address]
        assert b"unreachable" in subprocess.run(command, capture_output=True, check=False).stderr
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, 1), 1)
    finally:
        other.close()
