"""ASGI in front of the WSGI application: slow clients occupy no thread.

The event loop reads each body within a time limit, and sends each response as fast as its client
reads. A thread works on a request only while the application does. Libraries that bridge ASGI and
WSGI keep a thread for as long as a client reads (docs/decisions.md, ADR-042).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_to_bytes

from inventory.common import deadline
from inventory.http.request_body import BODY_COMPLETE, BODY_WITHHELD, refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Result = TypeVar("Result")

#: Threads for responses that are produced while they are sent.
STREAMS = 64
#: Largest part of such a response in bytes, unless the application produces larger ones.
_PIECE_BYTES = 64 * 1024
_PIECE_SECONDS = 0.05
#: Larger bodies are kept in a temporary file.
_IN_MEMORY_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on the time and the size of requests and responses."""

    #: Largest body in bytes of senders that are not signed in.
    stranger_bytes: int = 64 * 1024
    #: Largest body in bytes; `larger_bytes` has other limits by path.
    body_bytes: int = 1024 * 1024
    larger_bytes: Mapping[str, int]
    #: Seconds for a body after its headers.
    body_seconds: float = 10.0
    #: The time limit of a body grows by one second for each of these bytes received.
    bytes_per_second: int = 20_000
    #: Seconds that a request waits for a thread.
    wait_seconds: float = deadline.SECONDS
    #: Seconds for a client to read one part of a response.
    piece_seconds: float = 60.0


@dataclass
class _Answer:
    """A response of the application; `rest` is None if `first` is the whole body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    #: What is sent first, and what makes the rest.
    first: bytes
    rest: Iterator[bytes] | None
    close: Callable[[], None]
    flushes: bool


class SlowClientMiddleware:
    """The WSGI application as an ASGI application.

    Args:
        application: answers requests; at most `threads` at the same time.
        knows: whether a request comes from a signed-in sender, asked for large bodies only.
        always: a path that is answered while all threads are busy.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        threads: int,
        limits: Limits,
        knows: Callable[[WSGIEnvironment], bool],
        prefix: str = "",
        always: str = "/health/live",
    ) -> None:
        self._application = application
        self._limits = limits
        self._knows = knows
        self._prefix = prefix
        self._always = always
        self._places = asyncio.Semaphore(threads)
        self._workers = ThreadPoolExecutor(threads, "request")
        self._streams = ThreadPoolExecutor(STREAMS, "stream")
        self._spare = ThreadPoolExecutor(1, "health")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = _environ_of(scope)
        context = contextvars.Context()  # context of the application, in whichever thread it runs
        with SpooledTemporaryFile(_IN_MEMORY_BYTES) as body:
            environ["wsgi.input"] = body
            if refusal := await self._take_body(environ, context, receive):
                await _deliver(_call(refuse_with(*refusal), environ), send)
            else:
                await self._work(environ, context, receive, send)

    async def _work(
        self, environ: WSGIEnvironment, context: contextvars.Context, receive: Receive, send: Send
    ) -> None:
        context.run(deadline.start)
        if self._path(environ) == self._always:
            answer = await _in(self._spare, context, _call, self._application, environ)
        elif await self._has_place():
            try:
                answer = await _in(self._workers, context, _call, self._application, environ)
            finally:
                self._places.release()
        else:
            answer = _call(refuse_with(503, "The server is busy. Try again."), environ)
        if answer.rest is None:
            await _deliver(answer, send)
        else:
            await self._stream(answer, context, receive, send)

    async def _has_place(self) -> bool:
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                return await self._places.acquire()
        except TimeoutError:
            return False

    async def _take_body(
        self, environ: WSGIEnvironment, context: contextvars.Context, receive: Receive
    ) -> tuple[int, str] | None:
        """Read the body into the environment.

        A body that is too large, or whose length is not a number, is left to the application.

        Returns:
            Status and message of a refusal, or None.
        """
        sent = environ.get("CONTENT_LENGTH") or "0"
        length = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 20 else 0
        most = self._limits.larger_bytes.get(self._path(environ), self._limits.body_bytes)
        if length == 0 or length > most:
            return None
        if length > self._limits.stranger_bytes and not await self._is_known(environ, context):
            environ[BODY_WITHHELD] = self._limits.stranger_bytes
            return None
        body: IO[bytes] = environ["wsgi.input"]
        try:
            received = await self._receive(receive, length, body)
        except TimeoutError:
            return 408, "The request took too long to arrive. Send it again."
        if received < length:
            return 400, "The request was incomplete."
        body.seek(0)
        environ[BODY_COMPLETE] = True
        return None

    async def _is_known(self, environ: WSGIEnvironment, context: contextvars.Context) -> bool:
        if not await self._has_place():
            return False
        try:
            return await _in(self._workers, context, self._knows, environ)
        finally:
            self._places.release()

    async def _receive(self, receive: Receive, length: int, body: IO[bytes]) -> int:
        """Read the body within its time limit and return the number of bytes received."""
        received = 0
        latest = asyncio.get_running_loop().time() + self._limits.body_seconds
        async with asyncio.timeout_at(latest) as timer:
            while received < length:
                event = await receive()
                if event["type"] == "http.disconnect":
                    break
                body.write(part := event.get("body", b""))
                received += len(part)
                timer.reschedule(latest + received / self._limits.bytes_per_second)
                if not event.get("more_body", False):
                    break
        return received

    async def _stream(
        self, answer: _Answer, context: contextvars.Context, receive: Receive, send: Send
    ) -> None:
        """Send a response part by part.

        If it fails on the way, its end is not sent, so that the server closes the connection and no
        client takes a part for the whole.
        """
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            piece: bytes | None = answer.first
            await _begin(answer, send)
            while piece is not None and not gone.done():
                async with asyncio.timeout(self._limits.piece_seconds):
                    await _send_part(send, piece, more=True)
                assert answer.rest is not None
                piece = await _in(self._streams, context, _piece, answer.rest, answer.flushes)
            if piece is None:
                await _send_part(send, b"", more=False)
        except TimeoutError:
            log.info("a client stopped reading; its connection is cut")
        except Exception:
            log.exception("an answer broke off; its connection is cut")
        finally:
            gone.cancel()
            await _in(self._streams, context, answer.close)

    def _path(self, environ: WSGIEnvironment) -> str:
        return str(environ["PATH_INFO"]).removeprefix(self._prefix)


async def _in(
    executor: Executor,
    context: contextvars.Context,
    function: Callable[..., Result],
    *args: Any,
) -> Result:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, context.run, function, *args)


# --- between the two interfaces -------------------------------------------------------------------


def _environ_of(scope: Scope) -> WSGIEnvironment:
    """Return the request as a WSGI environment (PEP 3333).

    Header names with an underscore are dropped: they would be taken for those that a proxy writes
    with a dash.
    """
    client, server = scope.get("client") or ("", ""), scope.get("server") or ("", "")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


def refuse_with(status: int, detail: str) -> WSGIApplication:
    """Return a WSGI application that refuses every request."""
    return lambda environ, start: refuse(environ, start, status, detail)


def _call(application: WSGIApplication, environ: WSGIEnvironment) -> _Answer:
    """Call the application; read the whole response if it has a Content-Length."""
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        begun[:] = [status, headers]

    parts = application(environ, start)
    close = getattr(parts, "close", _nothing)
    try:
        rest = iter(parts)
        first = next(rest, b"")
        status, headers = begun
        names = {name.lower(): value for name, value in headers}
        whole = "content-length" in names
        if whole:
            first += b"".join(rest)
    except BaseException:
        close()
        raise
    if whole:
        close()
    return _Answer(
        status=int(status[:3]),
        headers=[(name.lower().encode("latin-1"), v.encode("latin-1")) for name, v in headers],
        first=first,
        rest=None if whole else rest,
        close=close,
        flushes=names.get("x-accel-buffering") == "no",
    )


def _nothing() -> None:
    pass


def _piece(parts: Iterator[bytes], flushes: bool) -> bytes | None:
    """Return the next part to send, or None at the end."""
    found: list[bytes] = []
    size, latest = 0, monotonic() + _PIECE_SECONDS
    for part in parts:
        found.append(part)
        size += len(part)
        if flushes or size >= _PIECE_BYTES or monotonic() > latest:
            break
    return b"".join(found) if found else None


async def _deliver(answer: _Answer, send: Send) -> None:
    await _begin(answer, send)
    await _send_part(send, answer.first, more=False)


async def _begin(answer: _Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})


async def _send_part(send: Send, part: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
