"""Passwords: argon2id hashes, limited concurrency, and rules for new ones.

A password has 8 to 256 characters, is not the name, and is not in common_passwords.txt. There are
no rules of composition.
"""

from __future__ import annotations

import functools
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from inventory.common.errors import Busy, InvalidInput
from inventory.common.messages import message

SHORTEST = 8
MAX_LENGTH = 256
WAIT_SECONDS = 8.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Limits concurrent hashes, because each one uses its memory while it runs.
_slots = threading.BoundedSemaphore(4)


def configure(*, time_cost: int, memory_kib: int, max_concurrent: int = 4) -> None:
    """Set the cost of a hash, once when the app is created.

    Args:
        memory_kib: memory of one hash in KiB.
        max_concurrent: number of hashes computed at the same time.
    """
    global _hasher, _slots
    _hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
    _slots = threading.BoundedSemaphore(max_concurrent)
    _dummy_hash.cache_clear()


def validate_password(value: object, *, name: str, field: str = "password") -> str:
    """Return a new password in the form that is hashed.

    Raises:
        InvalidInput: too short, too long, equal to the name, or a common password.
    """
    text = normalize(value)
    if text is None:
        raise InvalidInput(message("That password cannot be used."), field=field)
    if len(text) < SHORTEST:
        raise InvalidInput(
            message("Use at least %(shortest)s characters.", shortest=SHORTEST), field=field
        )
    if len(text) > MAX_LENGTH:
        raise InvalidInput(
            message("At most %(max_length)s characters.", max_length=MAX_LENGTH), field=field
        )
    if text.casefold() == name.casefold():
        raise InvalidInput(message("The password must not be the name."), field=field)
    if text.lower() in _common():
        raise InvalidInput(message("This password is too common. Choose another."), field=field)
    return text


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password.

    Raises:
        Busy: no slot was free within `WAIT_SECONDS`.
    """
    with _slot():
        return _hasher.hash(password)


def verify_password(password_hash: str | None, value: object) -> bool:
    """Return whether the password belongs to the hash.

    Without a hash the result is False after the same amount of work, so that the time does not
    reveal unknown names.

    Raises:
        Busy: no slot was free within `WAIT_SECONDS`.
    """
    text = normalize(value)
    if text is None or len(text) > MAX_LENGTH:
        password_hash, text = None, ""
    with _slot():
        try:
            return _hasher.verify(password_hash or _dummy_hash(), text) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made with other cost settings."""
    return _hasher.check_needs_rehash(password_hash)


def normalize(value: object) -> str | None:
    """Return the password in Unicode form NFKC, or None if it is not a text.

    Keyboards send different forms of the same text.
    """
    if not isinstance(value, str) or len(value) > 4 * MAX_LENGTH:
        return None
    text = unicodedata.normalize("NFKC", value)
    return text if text.isprintable() and "\ufffd" not in text else None


@contextmanager
def _slot() -> Iterator[None]:
    slots = _slots
    if not slots.acquire(timeout=WAIT_SECONDS):
        raise Busy()
    try:
        yield
    finally:
        slots.release()


@functools.cache
def _dummy_hash() -> str:
    return _hasher.hash("nobody")


@functools.cache
def _common() -> frozenset[str]:
    text = resources.files("inventory").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
