"""Mutants of the product with deliberate faults that the checker must find.

Each mutant is a copy of the source tree with a few lines replaced.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import ROOT

_ANSWER_EARLY = """    return _answer_early(run)


import contextvars

_early: contextvars.ContextVar[Any] = contextvars.ContextVar("early")


def _answer_early(run: Any) -> Any:
    import queue
    import threading

    def start(*args: Any, **kwargs: Any) -> Any:
        results: Any = queue.SimpleQueue()

        def work() -> None:
            _early.set(results)
            try:
                results.put((run(*args, **kwargs), None))
            except BaseException as error:
                results.put((None, error))

        threading.Thread(target=contextvars.copy_context().run, args=(work,)).start()
        result, error = results.get()
        if error is not None:
            raise error
        return result

    return functools.wraps(run)(start)


def _retry_or_raise"""

_IGNORED = shutil.ignore_patterns("__pycache__", "instance", "screenshots")
_PARTS = ("inventory", "migrations", "static", "templates", "app.py")

#: Name to (file, original text, replacement).
MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "synchronous=NORMAL": [
        ("inventory/db/engine.py", '"synchronous": "FULL"', '"synchronous": "NORMAL"'),
        ("inventory/db/session.py", '"synchronous": "2"', '"synchronous": "1"'),
    ],
    "synchronous=OFF": [
        ("inventory/db/engine.py", '"synchronous": "FULL"', '"synchronous": "OFF"'),
        ("inventory/db/session.py", '"synchronous": "2"', '"synchronous": "0"'),
    ],
    "synchronous_commit=off": [
        ("inventory/db/engine.py", '"synchronous_commit": "on",', '"synchronous_commit": "off",'),
        ("inventory/db/session.py", '"synchronous_commit": "on"}', '"synchronous_commit": "off"}'),
    ],
    # Neither the lookup nor the unique constraint finds an earlier write with the key.
    "keys-forgotten": [
        (
            "inventory/idempotency/store.py",
            '"idempotency_key": key,',
            '"idempotency_key": f"{key[:200]} {at}",',
        ),
    ],
    # The response is sent shortly before the commit.
    "answer-before-commit": [
        (
            "inventory/db/transaction.py",
            "result = verb(tx, *args, **kwargs)",
            "result = verb(tx, *args, **kwargs)\n"
            "                        _early.get().put((result, None))\n"
            "                        time.sleep(0.1)",
        ),
        ("inventory/db/transaction.py", "    return run\n\n\ndef _retry_or_raise", _ANSWER_EARLY),
    ],
}


@contextmanager
def mutated(name: str) -> Iterator[Path]:
    """Create a source tree with this fault and yield its path."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        root = Path(directory)
        for part in _PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, root / part, ignore=_IGNORED)
            else:
                shutil.copy(ROOT / part, root / part)
        for file, old, new in MUTANTS[name]:
            path = root / file
            text = path.read_text()
            if text.count(old) != 1:
                raise RuntimeError(f"{name}: {old!r} occurs {text.count(old)} times in {file}")
            path.write_text(text.replace(old, new))
        yield root
