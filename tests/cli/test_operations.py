"""The errors of the operator's commands if no node answers, or something else does."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import orjson
import pytest
from typer.testing import CliRunner

from streamdyn.cli.main import app
from streamdyn.cli.operations import ask_node, show_status
from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def served(answer: Callable[[http.server.BaseHTTPRequestHandler], bytes]) -> Iterator[str]:
    """An HTTP endpoint. `answer` sends the status and returns the body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = answer(self)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def stranger() -> Iterator[str]:
    """An endpoint that answers in JSON, but is not streamdyn."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> bytes:
        handler.send_response(200)
        return b"[1, 2]"

    yield from served(answer)


@pytest.fixture
def refusing() -> Iterator[str]:
    """An endpoint that refuses each request, and names it in the message."""

    def refuse(handler: http.server.BaseHTTPRequestHandler) -> bytes:
        handler.send_response(400)
        asked = handler.rfile.read(int(handler.headers["content-length"])).decode()
        return orjson.dumps({"message": f"{handler.headers['x-amz-target']} {asked}: no"})

    yield from served(refuse)


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:8000", "http://127.0.0.1:port", "https://127.0.0.1:8000", "", "http://"]
)
def test_an_endpoint_that_is_none_is_told(endpoint: str):
    with pytest.raises(OperatorError, match="is no http://HOST:PORT"):
        ask_node(endpoint, "Status")


def test_something_else_at_the_endpoint_is_told(stranger: str):
    with pytest.raises(OperatorError, match="is no streamdyn"):
        ask_node(stranger, "Status")


def test_a_failure_with_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]):
    replica = {"node": "n", "state": "damaged [/x]", "lag": None}
    partition = {
        "id": "p",
        "leader": None,
        "epoch": 0,
        "lease_ms": 0,
        "next_offset": 0,
        "format": 1,
        "replicas": [replica],
    }
    show_status({"format": 1, "nodes": [], "partitions": [partition]})
    assert "[/x]" in capsys.readouterr().out.replace("\n", "")


def test_a_refusal_to_forget_a_node_is_one_line(refusing: str):
    told = CliRunner().invoke(app, ["forget", "n", "--endpoint", refusing])
    assert told.exit_code == 1
    assert told.output == 'streamdyn: Streamdyn.Forget {"node":"n"}: no\n'


def test_a_node_that_others_cannot_reach_is_refused():
    told = CliRunner().invoke(app, ["node", "--kafka", "127.0.0.1:1", "--listen", "0.0.0.0:8000"])
    assert told.exit_code == 2
    assert "--advertise" in told.output
