"""The server process: output, stopping, refused starts and incomplete requests."""

import json
import logging
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from inventory import server as inventory_server
from inventory.config import Config
from tests.support.servers import LiveServer, answers, wait_until

Maker = Callable[..., LiveServer]


def refused(server: LiveServer) -> str:
    """Start a server that must exit with an error, and return its one-line output."""
    assert server.launch().wait(30) == 1
    assert server.log.startswith("Cannot start: "), server.log
    assert len(server.log.splitlines()) == 1, server.log
    return server.log


def fail_to_start(reason: str) -> list[str]:
    raise inventory_server.StartupError(reason)


def send(port: int, data: bytes, *, end: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b"")) if end else connection.recv(100)


# --- starting and stopping ------------------------------------------------------------------------


def test_the_start_prints_url_database_and_first_step(live_server: LiveServer) -> None:
    lines = live_server.log.splitlines()
    assert lines[0] == f"Inventory is at {live_server.url}/"
    assert lines[1].startswith("Database: ")
    assert "The first user becomes an administrator" in lines[2]
    assert lines[3:] == ["Stop with Ctrl-C."]
    assert httpx.get(f"{live_server.url}/register/").status_code == 200


def test_the_first_start_creates_and_migrates_the_database(
    make_server: Maker, empty_database_url: str, tmp_path: Path
) -> None:
    server = make_server(DATABASE_URL=empty_database_url, SECRET_KEY="").start()
    assert httpx.get(f"{server.url}/register/").status_code == 200
    assert stat.S_IMODE((tmp_path / "instance/secret_key").stat().st_mode) == 0o600


def test_a_server_on_the_network_has_a_setup_code(make_server: Maker) -> None:
    server = make_server(HOST="0.0.0.0").start()
    code = server.setup_code
    server.stop()
    assert server.start().setup_code == code


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_server_cleanly(
    live_server: LiveServer, signal_: signal.Signals
) -> None:
    assert live_server.process is not None
    os.killpg(live_server.process.pid, signal_)
    assert live_server.process.wait(30) == 0
    lines = live_server.log.splitlines()
    assert lines[-1] == "Stopped."
    assert len(lines) == 5, "\n".join(lines)
    assert not answers(live_server.port)


def test_an_incomplete_request_does_not_delay_stopping(live_server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", live_server.port)) as connection:
        connection.sendall(b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname")
        time.sleep(0.2)
        assert live_server.stop() == 0


def test_a_running_request_is_answered_before_stopping(live_server: LiveServer) -> None:
    """A registration waits for the write lock while the server is stopped."""
    engine = create_engine(live_server.environ["DATABASE_URL"])
    lock = "BEGIN IMMEDIATE" if engine.name == "sqlite" else "LOCK TABLE users"
    with httpx.Client(base_url=live_server.url) as visitor, ThreadPoolExecutor() as pool:
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', visitor.get("/register/").text)
        assert token
        form = {"csrf_token": token[1], "name": "ada", "password": "a quiet warehouse"}
        with engine.connect() as other:
            other.exec_driver_sql(lock)
            answer = pool.submit(visitor.post, "/register/", data=form)
            time.sleep(0.5)
            stopping = pool.submit(live_server.stop)
            time.sleep(0.5)
            assert not answer.done()
            other.rollback()
        assert answer.result(10).status_code == 303
        assert stopping.result(10) == 0
    engine.dispose()
    live_server.start()
    assert "The first account" not in live_server.log.split("Stopped.")[1]


def test_workers_end_if_the_main_process_is_killed(live_server: LiveServer) -> None:
    assert live_server.process is not None
    live_server.process.kill()
    live_server.process.wait()
    wait_until(lambda: not answers(live_server.port), "a worker outlived the main process")
    live_server.start()


def test_a_killed_worker_is_replaced(live_server: LiveServer) -> None:
    before = live_server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: not set(before) <= set(live_server.workers()), "the dead worker is listed")
    wait_until(lambda: answers(live_server.port), "no answer after a worker died")
    assert httpx.get(f"{live_server.url}/register/").status_code == 200


def test_repeatedly_killed_workers_are_replaced(live_server: LiveServer) -> None:
    for _ in range(5):
        for worker in live_server.workers():
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: _serves(live_server), "no answer after a worker died", seconds=20)
    assert live_server.stop() == 0


def _serves(server: LiveServer) -> bool:
    try:
        return httpx.get(f"{server.url}/health/live", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_database_survives_a_kill_of_the_server(live_server: LiveServer) -> None:
    live_server.kill()
    live_server.start()
    assert httpx.get(f"{live_server.url}/register/").status_code == 200


# --- refused starts -------------------------------------------------------------------------------


def test_the_old_name_of_the_module_still_starts_the_server(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PORT": "http", "INSTANCE_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "inventory.serve"],
        cwd=Path(__file__).parents[1], env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    assert done.stderr.startswith("inventory.serve is deprecated: start `python -m inventory.serv")
    assert "PORT must be a whole number" in done.stderr


def test_an_invalid_setting_refuses_the_start(make_server: Maker) -> None:
    assert "PORT must be a whole number" in refused(make_server(PORT="http"))


def test_a_busy_port_refuses_the_start(make_server: Maker, live_server: LiveServer) -> None:
    message = refused(make_server(PORT=str(live_server.port)))
    assert f"port {live_server.port} (Address already in use)" in message


def test_an_unreachable_database_refuses_the_start(make_server: Maker) -> None:
    message = refused(make_server(DATABASE_URL="postgresql://u:secret@127.0.0.1:1/stock"))
    assert "PostgreSQL, database stock on 127.0.0.1:1" in message
    assert "secret" not in message


def test_a_missing_database_refuses_the_start(make_server: Maker, database_url: str) -> None:
    missing = make_url(database_url).set(database="/nowhere/stock.db")
    message = refused(make_server(DATABASE_URL=missing.render_as_string(hide_password=False)))
    assert "/nowhere" in message


def test_a_file_that_is_no_database_refuses_the_start(make_server: Maker, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear warehouse, " * 100)
    message = refused(make_server(DATABASE_URL=f"sqlite:///{tmp_path}/letter.txt"))
    assert "file is not a database" in message


def test_an_impossible_instance_directory_refuses_the_start(
    make_server: Maker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    message = refused(make_server(INSTANCE_PATH=f"{tmp_path}/file/instance", SECRET_KEY=""))
    assert "INSTANCE_PATH must be a directory that this user can write to" in message


def test_a_read_only_directory_refuses_the_start(make_server: Maker, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    server = make_server(DATABASE_URL=f"sqlite:///{tmp_path}/closed/stock.db")
    if os.geteuid() == 0:  # root can write everywhere unless these capabilities are dropped
        server.prefix = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    assert "cannot write" in refused(server)


# --- incomplete and slow requests -----------------------------------------------------------------


PARTIAL_HEADERS = b"GET /login/ HTTP/1.1\r\nHost: x\r\nX-"
PARTIAL_BODY = b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname=a"


def test_slow_clients_do_not_block_others(live_server: LiveServer) -> None:
    with ExitStack() as connections:
        for _ in range(100):
            for request in (PARTIAL_HEADERS, PARTIAL_BODY):
                connection = socket.create_connection(("127.0.0.1", live_server.port))
                connections.enter_context(connection).sendall(request)
        time.sleep(0.5)
        for path in ("/health/live", "/register/"):
            assert httpx.get(f"{live_server.url}{path}", timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/login/", "/api/v1/receipts"])
@pytest.mark.parametrize("pause", [0, 0.3], ids=["silent", "a byte at a time"])
def test_a_slow_body_is_refused(make_server: Maker, path: str, pause: float) -> None:
    server = make_server(BODY_SECONDS="1").start()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nn".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as connection:
        connection.sendall(head)
        answer, deadline = b"", time.monotonic() + 10
        while b"\r\n\r\n" not in answer and time.monotonic() < deadline:
            try:
                answer += connection.recv(1000)
            except TimeoutError:
                if pause:
                    connection.sendall(b"x")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert (b"application/problem+json" in answer) == path.startswith("/api")


def test_a_large_body_without_login_is_refused_at_once(live_server: LiveServer) -> None:
    for path, status in (("/import/", 303), ("/api/v1/receipts", 401), ("/login/", 413)):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nx"
        )
        began = time.monotonic()
        assert send(live_server.port, head.encode()).startswith(f"HTTP/1.1 {status} ".encode())
        assert time.monotonic() - began < 5  # a body may take 10 seconds


def test_a_health_check_needs_no_free_thread(make_server: Maker) -> None:
    """The only thread waits for a lock meanwhile."""
    server = make_server(THREADS="1").start()
    engine = create_engine(server.environ["DATABASE_URL"])
    lock = "BEGIN IMMEDIATE" if engine.name == "sqlite" else "LOCK TABLE users"
    with httpx.Client(base_url=server.url) as visitor, ThreadPoolExecutor() as pool:
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', visitor.get("/register/").text)
        assert token
        form = {"csrf_token": token[1], "name": "ada", "password": "a quiet warehouse"}
        with engine.connect() as other:
            other.exec_driver_sql(lock)
            answer = pool.submit(visitor.post, "/register/", data=form)
            time.sleep(0.5)
            assert httpx.get(f"{server.url}/health/live", timeout=3).status_code == 200
            assert not answer.done()
            other.rollback()
        assert answer.result(10).status_code == 303
    engine.dispose()


def test_a_worker_exit_during_a_stop_is_not_logged() -> None:
    record = logging.makeLogRecord({"msg": "Unexpected exit from worker-1"})
    stopping = threading.Event()
    assert inventory_server._is_worth_telling(stopping, record)
    threading.Timer(0.05, stopping.set).start()
    assert not inventory_server._is_worth_telling(stopping, record)


def test_connections_have_keepalive_and_timeouts() -> None:
    with ExitStack() as sockets:
        listener = sockets.enter_context(inventory_server._listen("127.0.0.1", 0))
        sockets.enter_context(socket.create_connection(listener.getsockname()))
        listener.setblocking(True)
        connection = sockets.enter_context(listener.accept()[0])
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        unread = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert (idle, unread) == (30, 60_000)


def test_an_aborted_body_is_refused(live_server: LiveServer) -> None:
    aborted = b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname=ada"
    assert send(live_server.port, aborted, end=True).startswith(b"HTTP/1.1 400 ")


def test_a_body_of_unknown_length_is_refused(live_server: LiveServer) -> None:
    chunked = b"POST /login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n"
    assert send(live_server.port, chunked).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize(
    ("head", "rest", "status"),
    [
        (b"Content-Length: 100", b'{"item": "BOLT-M8"', 400),
        (b"Transfer-Encoding: chunked", b"2\r\n{}\r\n", 411),
    ],
)
def test_api_body_errors_are_problem_details(
    live_server: LiveServer, head: bytes, rest: bytes, status: int
) -> None:
    request = b"POST /api/v1/receipts HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n" + rest
    answer = send(live_server.port, request, end=True)
    top, body = answer.split(b"\r\n\r\n")
    assert b"application/problem+json" in top
    assert json.loads(body)["code"] == "MALFORMED_REQUEST"
    assert json.loads(body)["status"] == status


def test_a_body_that_is_too_large_is_refused(live_server: LiveServer) -> None:
    large = httpx.post(f"{live_server.url}/login/", content=b"x" * 10_000_000)
    assert large.status_code == 413


# --- make -----------------------------------------------------------------------------------------


def test_make_run_starts_a_server_and_ctrl_c_stops_it(make_server: Maker) -> None:
    server = make_server()
    with server.log_path.open("ab") as log:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            env=server.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(server.port), "make run starts nothing", seconds=60)
    finally:
        os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    assert server.log.splitlines()[-1] == "Stopped."
    assert not answers(server.port)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (lambda _: os._exit(9), "was not prepared"),
        (lambda _: 1 / 0, "was not prepared"),
        (lambda _: fail_to_start("no room"), "no room"),
    ],
    ids=["killed", "exception", "startup error"],
)
def test_a_failed_preparation_refuses_the_start(config: Config, task, message: str) -> None:
    with pytest.raises(inventory_server.StartupError, match=message):
        inventory_server._run_in_subprocess(task, config)


def test_the_messages_of_the_preparation_are_returned(config: Config) -> None:
    assert inventory_server._run_in_subprocess(lambda _: ["ready"], config) == ["ready"]
