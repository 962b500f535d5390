"""The product, broken on purpose: what a checker must catch to be worth its word.

Each mutant is a copy of the tree in which a few lines say something else.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import ROOT

_HASTY = """    return _hasty(run)


import contextvars

_early: contextvars.ContextVar[Any] = contextvars.ContextVar("early")


def _hasty(run: Any) -> Any:
    import queue
    import threading

    def hurry(*args: Any, **kwargs: Any) -> Any:
        told: Any = queue.SimpleQueue()

        def work() -> None:
            _early.set(told)
            try:
                told.put((run(*args, **kwargs), None))
            except BaseException as error:
                told.put((None, error))

        threading.Thread(target=contextvars.copy_context().run, args=(work,)).start()
        result, error = told.get()
        if error is not None:
            raise error
        return result

    return functools.wraps(run)(hurry)


def _retry_or_raise"""

_IGNORED = shutil.ignore_patterns("__pycache__", "instance", "screenshots")
_PARTS = ("inventory", "migrations", "static", "templates", "app.py")

#: Name to (file, what stands there, what shall stand there).
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
    # Neither the look-up nor the unique constraint finds what was done under a key.
    "keys-forgotten": [
        (
            "inventory/idempotency/store.py",
            '"idempotency_key": key,',
            '"idempotency_key": f"{key[:200]} {at}",',
        ),
    ],
    # The answer goes out a moment before the transaction is committed.
    "answer-before-commit": [
        (
            "inventory/db/transaction.py",
            "result = verb(tx, *args, **kwargs)",
            "result = verb(tx, *args, **kwargs)\n"
            "                        _early.get().put((result, None))\n"
            "                        time.sleep(0.1)",
        ),
        ("inventory/db/transaction.py", "    return run\n\n\ndef _retry_or_raise", _HASTY),
    ],
}


@contextmanager
def mutated(name: str) -> Iterator[Path]:
    """Where a tree lies that has this fault."""
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
                raise RuntimeError(f"{name}: {old!r} stands {text.count(old)} times in {file}")
            path.write_text(text.replace(old, new))
        yield root
