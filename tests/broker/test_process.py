"""The broker's configuration, its ports, and which orphaned processes it ends."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys

import psutil
import pytest

from streamdyn.broker.process import Broker, _free_port, _kafka_uuid
from streamdyn.broker.properties import server_properties
from streamdyn.errors import OperatorError
from tests.java import free_port


def properties(text):
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_broker_listens_on_this_machine_only(tmp_path):
    config = properties(server_properties(9092, 9093, tmp_path))
    assert all("127.0.0.1" in listener for listener in config["listeners"].split(","))
    assert config["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9092"


def test_the_broker_forgets_nothing_and_makes_no_topic_by_itself(tmp_path):
    config = properties(server_properties(9092, 9093, tmp_path))
    assert config["log.retention.ms"] == config["log.retention.bytes"] == "-1"
    assert config["auto.create.topics.enable"] == "false"
    assert config["log.message.timestamp.type"] == "LogAppendTime"


def test_a_cluster_id_is_one_that_kafka_takes():
    ids = {_kafka_uuid() for _ in range(200)}
    assert len(ids) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", cluster_id) for cluster_id in ids)


def test_a_port_that_is_free_is_taken_as_wished():
    port = free_port()
    assert _free_port(port) == port


def test_the_port_of_the_last_time_is_taken_again_unless_somebody_has_it(tmp_path):
    said = []
    broker = Broker(tmp_path, said.append)
    (tmp_path / "kafka").mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (tmp_path / "kafka" / "ports.json").write_text(json.dumps({"broker": taken}))
        port, _ = broker._choose_ports()
    assert port != taken
    assert len(said) == 1 and str(taken) in said[0] and str(port) in said[0]
    assert broker._choose_ports()[0] == port
    assert len(said) == 1


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"broker": "x"}', '{"broker": null}'])
def test_a_damaged_ports_file_costs_the_port_only(tmp_path, text):
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "ports.json").write_text(text)
    port, controller_port = Broker(tmp_path, print)._choose_ports()
    assert port != controller_port


def test_an_orphan_is_known_by_its_start_time_and_its_command(tmp_path):
    """A process that only has the same pid as an earlier broker is not ended."""
    (tmp_path / "kafka").mkdir()
    broker = Broker(tmp_path, print)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen(sleeper) as stranger,
        subprocess.Popen([*sleeper, str(tmp_path / "kafka" / "server.properties")]) as orphan,
    ):
        try:
            for process, started in (
                (stranger, psutil.Process(stranger.pid).create_time()),
                (orphan, 12345.0),
            ):
                broker._pid_file.write_text(json.dumps({"pid": process.pid, "started": started}))
                broker._end_orphan()
                assert process.poll() is None
            broker._pid_file.write_text(
                json.dumps({"pid": orphan.pid, "started": psutil.Process(orphan.pid).create_time()})
            )
            broker._end_orphan()
            assert not psutil.pid_exists(orphan.pid)
        finally:
            stranger.kill()
            orphan.kill()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("streamdyn.broker.distribution.class_path", lambda: "")
    (tmp_path / "kafka").write_text("a file")
    with pytest.raises(OperatorError) as told:
        asyncio.run(Broker(tmp_path, print).start())
    assert "\n" not in str(told.value)
    assert str(tmp_path) in str(told.value)
