"""Log lines and metrics of a running server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.servers import LiveServer, free_port, wait_until

PASSWORD, NEW_PASSWORD = "a quiet warehouse in may", "a loud warehouse in june"
TOKEN = "the scraper's token, and long enough"


def lines_of(server: LiveServer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


class Visitor:
    def __init__(self, server: LiveServer) -> None:
        self.client = httpx.Client(base_url=server.url)

    def fill(self, page: str, path: str = "", **fields: str) -> httpx.Response:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert token
        return self.client.post(path or page, data={"csrf_token": token[1], **fields})


def test_log_lines_have_request_and_user_but_no_secret(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server(LOG_FORMAT="json", LOG_LEVEL="DEBUG").start()
    ada = Visitor(server)
    ada.fill("/register/", name="ada", password=PASSWORD)
    ada.fill("/logout/")
    ada.fill("/login/", name="ada", password="a wrong password indeed")
    ada.fill("/login/", name="ada", password=PASSWORD)
    page = ada.fill("/account/tokens/", name="shop", role="admin").text
    api_token = re.search(r'value="(inv_[^"]+)"', page)
    secret = re.search(
        r'value="(whsec_[^"]+)"', ada.fill("/webhooks/", url="http://127.0.0.1:9/").text
    )
    assert api_token
    assert secret
    answer = httpx.get(
        f"{server.url}/api/v1/items?q=hidden-query",
        headers={"Authorization": f"Bearer {api_token[1]}"},
    )
    assert answer.status_code == 200
    ada.fill("/account/", "/account/password/", current_password=PASSWORD, password=NEW_PASSWORD)
    cookies = [cookie.value or "" for cookie in ada.client.cookies.jar]
    httpx.get(f"{server.url}/api/v1/items", headers={"Authorization": "Bearer inv_made_up_token"})
    ada.client.close()
    server.stop()
    found = lines_of(server)
    secrets = [PASSWORD, NEW_PASSWORD, "a wrong password", api_token[1], secret[1], "inv_made_up"]
    secrets += [server.environ["SECRET_KEY"], "hidden-query", *cookies]
    assert len(cookies) >= 1
    for text in secrets:
        assert text not in server.log
    requests = {
        line["request_id"]: line for line in found if line["logger"] == "inventory.requests"
    }
    line = requests[answer.headers["X-Request-Id"]]
    assert (line["route"], line["status"], line["user"]) == ("/api/v1/items", 200, 1)
    assert line["address"] == "127.0.0.1"
    assert any("user" not in line and line["route"] == "/login/" for line in requests.values())


@pytest.mark.only("postgresql")
def test_metrics_of_all_workers_are_summed_on_their_own_port(
    make_server: Callable[..., LiveServer],
) -> None:
    port = free_port()
    server = make_server(METRICS_PORT=str(port), WORKERS="2").start()
    for _ in range(40):
        httpx.get(f"{server.url}/health/live")
    name = 'inventory_request_seconds_count{method="GET",route="/health/live",status="200"}'

    def request_count() -> float:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])  # type: ignore[index]

    assert request_count() == 40
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
    assert httpx.get(f"{server.url}/metrics").status_code == 404


def test_metrics_require_the_token(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server(METRICS_TOKEN=TOKEN).start()
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def has_metrics() -> bool:
        text = httpx.get(f"{server.url}/metrics", headers=headers).text
        return "inventory_webhooks_waiting 0.0" in text and "inventory_request_seconds" in text

    wait_until(has_metrics, "no metrics")
    assert httpx.get(f"{server.url}/metrics").status_code == 401
