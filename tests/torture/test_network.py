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

SHORT_S, LONG_S = 0.3, 30.0
# Sends to the other one, and tells what has come from it, after so many seconds, or before if that is something.
TALK = """
import socket, sys
me, other = sys.argv[1:]
mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mine.bind((me, 5000))
print("ready", flush=True)
for line in sys.stdin:
    word, seconds = line.split()
    mine.sendto(word.encode(), (other, 5000))
    mine.settimeout(float(seconds))
    try:
        print(mine.recv(100).decode(), flush=True)
    except TimeoutError:
        print(flush=True)
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

    def say(self, word: str, seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word} {seconds}\n")

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


def hear(talkers: tuple[Talker, Talker], *expected: str) -> None:
    """Both say something, and hear just this. Who is to hear nothing listens for a while."""
    for talker, word, awaited in zip(talkers, ("from-a", "from-b"), expected, strict=True):
        talker.say(word, LONG_S if awaited else SHORT_S)
    assert (talkers[0].hear(), talkers[1].hear()) == expected


def test_what_is_cut_is_not_heard(network: Network, talkers: tuple[Talker, Talker]) -> None:
    hear(talkers, "from-b", "from-a")
    network.cut("a", "b")
    hear(talkers, "from-b", "")
    network.cut("b", "a")
    hear(talkers, "", "")
    network.mend()
    hear(talkers, "from-b", "from-a")


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
