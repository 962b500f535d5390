"""`python -m inventory.server`: migrate the database, then serve.

An error at startup is one sentence and an exit code, without traceback. Reasons for granian and
measurements: docs/decisions.md, ADR-010 and ADR-042.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from flask import Flask
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from inventory import backups, create_app, create_asgi_app
from inventory.accounts import registration
from inventory.backups import sqlite
from inventory.common.errors import EnvironmentProblem
from inventory.config import Config, ConfigError
from inventory.db import (
    SQLITE_WITHOUT_RESET_BUG,
    db,
    schema_version,
    snapshot,
    sqlite_module,
    triggers,
    unsafe_settings,
)
from inventory.http import log_config, metrics
from inventory.http.asgi import SlowClientMiddleware
from inventory.http.secret_keys import signing_keys
from inventory.webhooks.delivery import run_delivery_loop

log = logging.getLogger(__name__)

#: Time for running requests after Ctrl-C; `docker stop` waits 10 seconds.
STOP_SECONDS = 9
RESTART_SECONDS = 0.5
_NOTICE_SECONDS = 0.3
#: A connection whose peer is silent or does not read is closed after about 60 seconds, because
#: tablets lose their connection in the middle of a request.
_PEER_IS_GONE = {
    "SO_KEEPALIVE": (socket.SOL_SOCKET, 1),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, 30),
    "TCP_KEEPINTVL": (socket.IPPROTO_TCP, 10),
    "TCP_KEEPCNT": (socket.IPPROTO_TCP, 3),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, 60_000),
}
_STOPS = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM}
_HEADERS_MS = 20_000
_BACKLOG = 2048
_M_ARENA_MAX = -8  # malloc.h
_FORKED = multiprocessing.get_context("fork")


class StartupError(Exception):
    """The server cannot start; str() is one sentence for the administrator."""


def main() -> None:
    """Start the server."""
    os.umask(0o077)  # files of the database are for this user only
    try:
        config = Config.from_env()
        log_config.set_up(level=config.log_level, form=config.log_format)
        _require_address(config)
        _check_database_path(config)
        with _hold_server_lock(config), _metrics_directory(config):
            for line in _run_in_subprocess(_prepare, config):
                print(line, flush=True)
            _serve(config)
    except (ConfigError, StartupError, EnvironmentProblem) as error:
        sys.exit(f"Cannot start: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print("Stopped.", flush=True)


def _require_address(config: Config) -> None:
    """Check that the address is free: granian would share a port in use."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((config.host, config.port))
            listener.listen()
    except OSError as error:
        raise StartupError(
            f"nothing can listen on {config.host} port {config.port} ({error.strerror}). "
            "Choose another port, for example: make run PORT=8001"
        ) from None


def _check_database_path(config: Config) -> None:
    """Check the path first: SQLite reports only "unable to open database file"."""
    if not config.is_sqlite:
        return
    path = Path(config.url.database or "")
    if path.parent == config.instance_path:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.parent.is_dir():
        raise StartupError(f"the directory {path.parent} for the database does not exist.")
    for needed in (path.parent, path):
        if needed.exists() and not os.access(needed, os.W_OK):
            raise StartupError(f"this user cannot write to {needed}, the place of the database.")


def _hold_server_lock(config: Config) -> AbstractContextManager[None]:
    """Hold the lock that prevents restoring a backup while the server runs."""
    return sqlite.serving(config.url) if config.is_sqlite else nullcontext()


@contextmanager
def _metrics_directory(config: Config) -> Iterator[None]:
    """Provide a temporary directory for the metrics of this run's workers."""
    if not (config.metrics_token or config.metrics_port):
        yield
        return
    with TemporaryDirectory(prefix="inventory-metrics-") as directory:
        os.environ[metrics.DIRECTORY] = directory
        yield


def _run_in_subprocess(task: Callable[[Config], list[str]], config: Config) -> list[str]:
    """Run `task` in a child process.

    Workers are forks of this process and would inherit the memory that the task allocates.
    """
    told, teller = _FORKED.Pipe(duplex=False)
    child = _FORKED.Process(target=_send_result, args=(teller, task, config))
    child.start()
    teller.close()
    try:
        found = told.recv()
    except EOFError:
        raise StartupError(
            "the database was not prepared: see the error above, or the process was killed."
        ) from None
    finally:
        child.join()
    if isinstance(found, BaseException):
        raise found
    return list(found)


def _send_result(teller: Any, task: Callable[[Config], list[str]], config: Config) -> None:
    try:
        found: object = task(config)
    except (StartupError, ConfigError, EnvironmentProblem) as error:
        found = error  # raised in the parent; other exceptions print their traceback here
    except KeyboardInterrupt:
        return
    with suppress(BrokenPipeError):
        teller.send(found)


def _prepare(config: Config) -> list[str]:
    """Migrate the database; returns the startup messages."""
    app = create_app(config)
    try:
        with app.app_context():
            lines = _migrate(config)
            _require_safety(config)
            lines += _startup_messages(config)
            db.session.remove()
            db.engine.dispose()  # no connection can be open when the workers are forked
        return lines
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise StartupError(f"the database ({config.database_name}) says: {reason}") from None


def _migrate(config: Config) -> list[str]:
    """Migrate the schema, after a backup if the database has data."""
    lines = []
    with snapshot() as reader:
        standing = schema_version.schema_status(reader, config.root_path / "migrations")
        has_data = not standing.is_current and schema_version.holds_data(reader)
    if standing.is_newer:
        raise StartupError(str(standing))
    if has_data:
        kept = _back_up(config, standing)
        lines.append(
            f"The database was upgraded from schema version {standing.found} to"
            f" {standing.newest}; its backup is {kept}"
        )
    schema_version.upgrade()
    return lines


def _back_up(config: Config, standing: schema_version.SchemaStatus) -> Path:
    try:
        purpose = f"before-{standing.newest}"
        return backups.create(config.url, config.backup_path, purpose=purpose).path
    except EnvironmentProblem as error:
        raise StartupError(
            f"the database must be upgraded from schema version {standing.found} to"
            f" {standing.newest}, and no backup can be created before that. {error.detail} (`flask"
            " db upgrade` upgrades without a backup.)"
        ) from None


def _require_safety(config: Config) -> None:
    """Refuse to start if the database is not safe against data loss."""
    with snapshot() as reader:
        missing = triggers.missing(reader)
    weak = [f"the trigger {name} is missing" for name in missing] + unsafe_settings()
    if weak:
        raise StartupError(f"the database ({config.database_name}) is not safe: {'; '.join(weak)}.")
    if config.is_sqlite and sqlite_module().sqlite_version_info < SQLITE_WITHOUT_RESET_BUG:
        log.warning(
            "SQLite %s can lose writes when a checkpoint and a write run at the same time:"
            " install pysqlite3",
                    sqlite_module().sqlite_version)  # fmt: skip


def _startup_messages(config: Config) -> list[str]:
    lines = [
        f"{config.site_name} is at {config.address}",
        f"Database: {config.database_name}",
    ]
    if config.https:
        lines.append("HTTPS is on: users can sign in only through your reverse proxy.")
    if registration.is_first():
        lines.append(
            "First step: open the address and register. The first user becomes an administrator."
        )
        code = registration.expected_code(
            secret_key=config.secret_key,
            is_loopback=config.is_loopback,
            proxy_count=config.proxy_count,
        )
        if code:
            lines.append(f"Setup code for the first registration: {code}")
    return [*lines, "Stop with Ctrl-C."]


# --- the server -----------------------------------------------------------------------------------


def _serve(config: Config) -> None:
    """Serve until a signal.

    Granian ends when a worker dies twice within seconds, for example if memory is short; the server
    is then started again.
    """
    stopping = threading.Event()
    logging.getLogger("_granian").addFilter(partial(_is_worth_telling, stopping))
    _hold_signals_in_children()
    while True:
        server = _server(config, stopping)
        with suppress(SystemExit):
            server.serve(target_loader=partial(_load, os.getpid()), wrap_loader=False)
        if not server.interrupt_signal:
            log.error("all workers stopped; starting again")
            time.sleep(RESTART_SECONDS)
        if server.interrupt_signal:
            return


def _hold_signals_in_children() -> None:
    """Block stop signals while a worker is forked.

    A signal that arrives before the worker has started waits for `_stop_when_asked` and does not
    run the handler inherited from the main process.
    """
    masks: list[Any] = []
    os.register_at_fork(
        before=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop()),
    )


def _is_worth_telling(stopping: threading.Event, record: logging.LogRecord) -> bool:
    """Filter granian's log messages.

    A service manager signals all processes at once: a worker can end before the main process has
    received the signal, and its exit is then expected.
    """
    message = record.getMessage()
    if message.startswith("Unexpected exit"):
        return not stopping.wait(_NOTICE_SECONDS)
    return not message.startswith("Configur")


class _Server(MPServer):
    """Granian server with one listening socket per worker.

    Connections inherit the options of these sockets.
    """

    stopping: threading.Event

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Record the stop, then handle the signal."""
        self.stopping.set()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _stop_workers(self) -> None:
        """Stop the workers, and kill those that are still there at the deadline.

        Two threads wait for each worker, and only one of them learns that it has ended. Granian
        gives the other 1 ms to tell: on a busy machine it then killed workers that had stopped.
        """
        workers: list[Any] = list(self.wrks)
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in workers:
            while worker.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if worker.is_alive():
                log.warning("worker %d did not stop in time and is killed", worker.idx + 1)
                worker.kill()
            worker.join()
        self.wrks.clear()

    def _init_shared_socket(self) -> None:
        self._listening = [_listen(self.bind_addr, self.bind_port) for _ in range(self.workers)]

    def _drop_shared_socket(self) -> None:
        for one in self._listening:
            one.close()

    def _spawn_worker(self, idx: int, *args: Any, **kwargs: Any) -> Any:
        self._sso = self._listening[idx]
        holder: Any = SocketHolder  # the stub of SocketHolder lacks the arguments
        self._shd = holder(self._sso.fileno(), False, _BACKLOG)
        return super()._spawn_worker(idx, *args, **kwargs)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    for name, (level, value) in _PEER_IS_GONE.items():
        if hasattr(socket, name):  # not all systems have all of them
            listener.setsockopt(level, getattr(socket, name), value)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def _server(config: Config, stopping: threading.Event) -> _Server:
    server: _Server = _Server(
        "inventory",
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_MS),
        websockets=False,
        workers=config.workers,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
    )
    server.stopping = stopping
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        server.on_startup(
            lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt)
        )  # the terminal was closed: stop, where granian would reload
    return server


def _load(parent: int) -> SlowClientMiddleware:
    """Return the application; runs in a worker process."""
    # Granian hangs if both the worker and the main process are signaled at once, as by Ctrl-C or a
    # service manager: the worker gets two stops. The signals are therefore blocked in the worker; a
    # thread waits for the first SIGTERM and delivers it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    loop = asyncio.get_event_loop_policy().get_event_loop()
    threading.Thread(target=_stop_when_asked, args=(loop,), daemon=True).start()
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    _limit_malloc_arenas()
    config = Config.from_env()
    log_config.set_up(level=config.log_level, form=config.log_format)
    app = create_app(config, with_migrations=False)
    metrics.start_port(app, config)
    if config.webhooks:
        threading.Thread(target=_deliver, args=(app,), name="webhooks", daemon=True).start()
    _freeze_gc()
    return create_asgi_app(app, config)


def _deliver(app: Flask) -> None:
    """Deliver webhooks as long as the worker runs."""
    with app.app_context():
        run_delivery_loop(keys=signing_keys(app))


def _limit_malloc_arenas() -> None:
    """Make all threads share one heap (glibc only).

    By default glibc keeps an arena for each of 70 threads, and free memory of one is not used by
    others (6 of 136 MB after 5,000 requests).
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _freeze_gc() -> None:
    """Exclude loaded modules from garbage collection.

    Scanning them took 80 ms in the middle of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _stop_when_asked(loop: asyncio.AbstractEventLoop) -> None:
    signal.sigwait({signal.SIGTERM})
    loop.call_soon_threadsafe(_stop)


def _stop() -> None:
    """Raise SIGTERM in the main thread, where granian's handler waits for it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    signal.raise_signal(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _exit_with_parent(parent: int) -> None:
    """Exit when the main process is gone; the worker would keep the port in use."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main()
