"""The curl commands of docs/api.md and examples/client.py on a real server."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.live import admin_token

ROOT = Path(__file__).parents[2]
CURL = Path(__file__).parent / "curl.py"
_FENCED = re.compile(r"^```sh\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
_CALL = re.compile(
    r"^# (\d+)[^\n]*\n((?:.*\\\n)*curl.*(?:\\\n.*|\n  +[^#\s].*)*)", flags=re.MULTILINE
)


def calls_of_the_docs():
    text = "\n".join(_FENCED.findall(ROOT.joinpath("docs/api.md").read_text("utf-8")))
    return [(int(status), command) for status, command in _CALL.findall(text)]


@pytest.fixture
def token(live_server):
    return admin_token(live_server)


@pytest.fixture
def client_module():
    spec = importlib.util.spec_from_file_location("client", ROOT / "examples/client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["curl", "replacement"])
def path_to_curl(request, tmp_path):
    """PATH with curl of the system, or with the replacement in curl.py.

    Without an installed curl both use the replacement.
    """
    if request.param == "curl" and shutil.which("curl"):
        return os.environ["PATH"]
    command = tmp_path / "curl"
    command.write_text(
        f"#!{sys.executable}\nimport runpy\nrunpy.run_path({str(CURL)!r}, None, '__main__')\n"
    )
    command.chmod(0o700)
    return f"{tmp_path}:{os.environ['PATH']}"


def test_each_curl_command_of_the_docs_gets_the_stated_status(live_server, token, path_to_curl):
    calls = calls_of_the_docs()
    assert len(calls) == ROOT.joinpath("docs/api.md").read_text("utf-8").count("\ncurl ")
    environ = {"PATH": path_to_curl, "URL": live_server.url, "TOKEN": token}
    for status, command in calls:
        script = command.replace("curl -s", r"curl -s -w '\n%{http_code}'", 1)
        done = subprocess.run(
            ["bash", "-c", script], env=environ, capture_output=True, text=True, timeout=30
        )
        answer, _, got_status = done.stdout.rpartition("\n")
        assert got_status == str(status), f"{command}\n{answer}\n{done.stderr}"
    stock = httpx.get(
        f"{live_server.url}/api/v1/items/BOLT-M8/stock",
        headers={"Authorization": f"Bearer {token}"},
    ).json()
    assert (stock["onHand"], stock["reserved"]) == ("127", "10")


def test_the_client_receives_reserves_and_issues(live_server, token, client_module):
    with client_module.Inventory(live_server.url, token) as inventory:
        inventory.write("/items", {"code": "BOLT/M8", "name": "Bolt"})
        inventory.receive("BOLT/M8", "L-001", "100", reference="PO-1001")
        reservation = inventory.reserve("BOLT/M8", "30", "JOB-4711")
        inventory.issue(reservation=reservation["id"], qty="12")
        preview = inventory.issue(item="BOLT/M8", qty="5", dry_run=True)
        assert preview["entries"][0]["onHandAfter"] == "83"
        stock = inventory.stock("BOLT/M8")
        assert (stock["onHand"], stock["reserved"], stock["free"]) == ("88", "18", "70")
        with pytest.raises(client_module.Refused) as caught:
            inventory.issue(item="BOLT/M8", qty="71")
        assert caught.value.code == "INSUFFICIENT_STOCK"
        assert caught.value.problem["free"] == "70"
        results = inventory.batch(
            [
                {"op": "receipt", "item": "BOLT/M8", "lotCode": f"B-{number}", "qty": "1"}
                for number in range(120)
            ]
        )
        assert len(results) == 120
        assert len(list(inventory.entries(item="BOLT/M8"))) == 4 + 120


class LossyTransport(httpx.BaseTransport):
    """Transport that loses every other response after the server has handled the request."""

    def __init__(self):
        self.transport = httpx.HTTPTransport()
        self.sent = 0

    def handle_request(self, request):
        self.sent += 1
        response = self.transport.handle_request(request)
        if self.sent % 2:
            response.read()
            raise httpx.ReadError("the response was lost", request=request)
        return response

    def close(self):
        self.transport.close()


def test_the_client_posts_once_if_responses_are_lost(live_server, token, client_module):
    network = LossyTransport()
    with client_module.Inventory(live_server.url, token, transport=network) as inventory:
        inventory.write("/items", {"code": "NUT", "name": "Nut"})
        inventory.receive("NUT", "L", "100")
        for _ in range(5):
            inventory.issue(item="NUT", qty="3")
        assert inventory.stock("NUT")["onHand"] == "85"
    assert network.sent == 2 * (1 + 1 + 5 + 1)


def test_the_client_retries_until_the_server_is_back(live_server, token, client_module):
    with client_module.Inventory(live_server.url, token) as inventory:
        inventory.write("/items", {"code": "NUT", "name": "Nut"})
        live_server.kill()
        live_server.start()
        inventory.receive("NUT", "L", "100", key="po-1")
        again = inventory.receive("NUT", "L", "100", key="po-1")
        assert again["replayed"]


def test_the_client_error_contains_the_idempotency_key(client_module, monkeypatch):
    monkeypatch.setattr(client_module.time, "sleep", lambda seconds: None)
    inventory = client_module.Inventory("http://127.0.0.1:1", "inv_x")
    with inventory, pytest.raises(client_module.Unreachable) as caught:
        inventory.receive("NUT", "L", "1", key="po-2")
    assert caught.value.key == "po-2"
