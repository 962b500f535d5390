"""Attack a running server with slow clients and measure the response times of others.

    python -m tests.stress.attack.slow_clients [sqlite|postgresql ...] [--connections 200]
        [--seconds 120] [--proxy PATH_OF_CADDY] [--figures FOLDER]

Each kind of slow client in turn opens all connections and reconnects when it is disconnected.
Meanwhile probes request /health/live, the sign-in page and the list of items. No probe may fail or
take longer than 5 seconds, no worker may use more than 60 MB in addition, and the ledger must
verify.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from inventory import catalog, create_app, ledger
from inventory.accounts import users
from inventory.config import Config
from inventory.db import db, snapshot
from inventory.ledger import Receive
from inventory.verification import verify
from tests.stress.chaos import figures
from tests.support.databases import KINDS, fresh_database
from tests.support.servers import ROOT, LiveServer, answers, free_port, wait_until
from tests.support.users import PASSWORD, form_fields

SLOWEST_PROBE_SECONDS = 5.0
MAX_ADDED_MB = 60
ENTRIES = 20_000
BATCH = 500


@dataclass
class Site:
    port: int
    cookie: str
    tls: ssl.SSLContext | None = None
    host: str = "localhost"

    def head(self, method: str, path: str, *headers: str, close: bool = False) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *headers]
        return "\r\n".join(lines).encode() + (b"\r\n\r\n" if not close else b"\r\n")


def _silent_body(site: Site) -> Iterator[bytes]:
    yield site.head("POST", "/login/", "Content-Length: 100") + b"n"
    while True:
        yield b""


def _trickled_body(site: Site) -> Iterator[bytes]:
    yield site.head("POST", "/login/", "Content-Length: 60000")
    while True:
        yield b"x"


def _half_headers(site: Site) -> Iterator[bytes]:
    yield site.head("GET", "/login/", close=True)
    while True:
        yield b"X-A: 1\r\n"


def _large_body_of_a_stranger(site: Site) -> Iterator[bytes]:
    yield site.head("POST", "/import/", f"Content-Length: {8 * 2**20 - 1}")
    for _ in range(8 * 16 - 1):
        yield b"x" * 65536
    while True:
        yield b""


def _unread_export(site: Site) -> Iterator[bytes]:
    yield site.head("GET", "/ledger/export.jsonl", f"Cookie: {site.cookie}")
    while True:
        yield b""


def _unread_pages(site: Site) -> Iterator[bytes]:
    """Send many requests on one connection and read no response."""
    while True:
        yield site.head("GET", "/login/") * 20


KINDS_OF_CLIENTS: dict[str, Callable[[Site], Iterator[bytes]]] = {
    "silent body": _silent_body,
    "trickled body": _trickled_body,
    "half headers": _half_headers,
    "large body of a stranger": _large_body_of_a_stranger,
    "unread export": _unread_export,
    "unread pages": _unread_pages,
}


class SlowClients(threading.Thread):
    """Keeps `connections` open; each sends its next part once a second."""

    def __init__(self, site: Site, kind: str, connections: int) -> None:
        super().__init__(daemon=True)
        self.site, self.kind, self.count = site, kind, connections
        self.stopped = threading.Event()
        self.connected = 0
        self.refused = 0

    def run(self) -> None:
        open_: dict[socket.socket, Iterator[bytes]] = {}
        while not self.stopped.is_set():
            for _ in range(self.count - len(open_)):
                if (connection := self._connect()) is not None:
                    open_[connection] = KINDS_OF_CLIENTS[self.kind](self.site)
            for connection in list(open_):
                if not self._send_next(connection, open_[connection]):
                    connection.close()
                    del open_[connection]
            self.stopped.wait(1)
        for connection in open_:
            connection.close()

    def _connect(self) -> socket.socket | None:
        try:
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(3)
            connection.connect(("127.0.0.1", self.site.port))
            if self.site.tls:
                connection = self.site.tls.wrap_socket(connection, server_hostname=self.site.host)
            connection.setblocking(False)
            self.connected += 1
        except OSError:
            self.refused += 1
            return None
        return connection

    def _send_next(self, connection: socket.socket, parts: Iterator[bytes]) -> bool:
        try:
            for _ in range(8 if "large" in self.kind else 1):
                connection.send(next(parts))
        except (BlockingIOError, ssl.SSLWantWriteError):
            return True  # the server does not read now
        except OSError:
            return False
        return "unread" in self.kind or not self._is_answered(connection)

    @staticmethod
    def _is_answered(connection: socket.socket) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            if not selector.select(0):
                return False
        try:
            return not isinstance(connection, ssl.SSLSocket) or connection.recv(1) is not None
        except (ssl.SSLWantReadError, BlockingIOError):
            return False  # a TLS message without data
        except OSError:
            return True


@dataclass
class Probes:
    site: Site
    slowest: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def ask(self) -> None:
        scheme = "https" if self.site.tls else "http"
        url = f"{scheme}://127.0.0.1:{self.site.port}"
        for path in ("/health/live", "/login/", "/items/"):
            began = time.monotonic()
            try:
                headers = {"Host": self.site.host}
                if path == "/items/":
                    headers["Cookie"] = self.site.cookie
                with httpx.Client(verify=False, headers=headers, timeout=30) as client:
                    extensions = {"sni_hostname": self.site.host}
                    status = client.get(f"{url}{path}", extensions=extensions).status_code
                if status != 200:
                    self.failed.append(f"{path} {status}")
            except httpx.HTTPError as error:
                self.failed.append(f"{path} {type(error).__name__}")
            took = time.monotonic() - began
            self.slowest[path] = max(took, self.slowest.get(path, 0))


def attack(site: Site, server: LiveServer, kind: str, options: argparse.Namespace) -> list[str]:
    """Run one kind of slow clients; return the problems of the probes."""
    before = _memory_mb(server)
    clients = SlowClients(site, kind, options.connections)
    clients.start()
    probes, max_mb, deadline = Probes(site), before, time.monotonic() + options.seconds
    while time.monotonic() < deadline:
        probes.ask()
        max_mb = max(max_mb, _memory_mb(server))
        time.sleep(0.5)
    clients.stopped.set()
    clients.join()
    times = ", ".join(f"{path} {took:.2f} s" for path, took in probes.slowest.items())
    print(f"  {kind}: {clients.connected} connections; slowest {times};"
          f" memory {before:.0f} -> {max_mb:.0f} MB", flush=True)  # fmt: skip
    problems = [f"{kind}: {failure}" for failure in probes.failed]
    problems += [
        f"{kind}: {path} took {took:.1f} s"
        for path, took in probes.slowest.items()
        if took > SLOWEST_PROBE_SECONDS
    ]
    if max_mb - before > MAX_ADDED_MB:
        problems.append(f"{kind}: {max_mb - before:.0f} MB added")
    return problems


def _memory_mb(server: LiveServer) -> float:
    sizes = []
    for pid in server.workers():
        with suppress(OSError):
            status = Path(f"/proc/{pid}/smaps_rollup").read_text()
            sizes.append(int(status.split("Rss:")[1].split()[0]) / 1024)
    return max(sizes, default=0.0)


# --- the site -------------------------------------------------------------------------------------


def _fill(environ: dict[str, str]) -> None:
    """Create a user, and a ledger export that is larger than any socket buffer."""
    app = create_app(Config.from_env(environ))
    with app.app_context():
        user = users.create_user(name="ada", password=PASSWORD, role="admin").id
        catalog.create_item(user_id=user, key="item", code="BOLT", name="Bolt")
        for number in range(ENTRIES // BATCH):
            receipts = [
                Receive(item="BOLT", lot_code=f"L-{number}-{part}", qty=1, note="n" * 400)
                for part in range(BATCH)
            ]
            ledger.post(receipts, user_id=user, key=f"batch-{number}")
        db.session.remove()
        db.engine.dispose()


def _cookie(url: str) -> str:
    with httpx.Client(base_url=url) as visitor:
        fields = form_fields(visitor.get("/login/").text)
        visitor.post("/login/", data={**fields, "name": "ada", "password": PASSWORD})
        return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


@contextmanager
def _proxy(caddy: str, site: Site, directory: Path) -> Iterator[Site]:
    """Run Caddy with deploy/Caddyfile on another port, in front of the server."""
    port = free_port()
    shipped = (ROOT / "deploy/Caddyfile").read_text()
    text = shipped.replace("app:8000", f"127.0.0.1:{site.port}")
    text = text.replace("{$SITE_HOST}", f"https://localhost:{port}")
    ports = f"http_port {free_port()}\n\thttps_port {port}\n\tadmin off\n\tskip_install_trust\n"
    text = text.replace("{\n", f"{{\n\t{ports}", 1)
    (directory / "Caddyfile").write_text(text)
    environ = {"HOME": str(directory), "PATH": os.environ["PATH"]}
    with (directory / "caddy.log").open("wb") as log:
        process = subprocess.Popen(
            [caddy, "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"],
            env=environ, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until(lambda: answers(port), (directory / "caddy.log").read_text(), seconds=20)
        time.sleep(2)  # the certificate
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        yield Site(port, site.cookie, context)
    finally:
        process.terminate()
        process.wait(20)


def run(kind: str, options: argparse.Namespace) -> list[str]:
    """Run all kinds of slow clients against a server; return the problems."""
    with fresh_database(kind) as url, tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        environ = {"DATABASE_URL": url, "INSTANCE_PATH": name}
        server = LiveServer(environ, directory / "server.log").start()
        try:
            _fill(server.environ)
            site = Site(server.port, _cookie(server.url))
            proxy = _proxy(options.proxy, site, directory) if options.proxy else nullcontext(site)
            print(f"{kind}{' behind the proxy' if options.proxy else ''}:", flush=True)
            problems = []
            with proxy as target:
                for name in options.only or KINDS_OF_CLIENTS:
                    problems += attack(target, server, name, options)
        finally:
            server.stop()
        app = create_app(Config.from_env(server.environ))
        with app.app_context():
            with snapshot() as reader:
                if not verify(reader).ok:
                    problems.append("the ledger differs")
            db.engine.dispose()
        if "Traceback" in server.log:
            problems.append(server.log[-3000:])
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", metavar="database", help=" or ".join(KINDS))
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", nargs="+", choices=tuple(KINDS_OF_CLIENTS))
    parser.add_argument("--proxy", help="path of a Caddy to run in front, with deploy/Caddyfile")
    figures.options(parser)
    options = parser.parse_args()
    problems = []
    for kind in options.databases or KINDS:
        found = run(kind, options)
        counted = {"connections": options.connections, "problems": len(found)}
        figures.report(f"slow-clients-{kind}", counted, options.figures)
        problems += found
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
