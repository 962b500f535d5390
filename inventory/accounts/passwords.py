"""Passwords: argon2id hashes, a few at a time, and the rules for choosing one.

No rules of composition: 8 to 256 characters, not the name, and not one that everybody tries
first (common_passwords.txt).
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

SHORTEST = 8
LONGEST = 256
WAIT_SECONDS = 8.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Each hash holds its memory while it runs: a flood of logins must wait, not fill the machine.
_slots = threading.BoundedSemaphore(4)


def configure(*, time_cost: int, memory_kib: int, max_concurrent: int = 4) -> None:
    """Set what a hash costs: once, when the application is made (tests take cheap ones)."""
    global _hasher, _slots
    _hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
    _slots = threading.BoundedSemaphore(max_concurrent)
    _dummy_hash.cache_clear()


def validate_password(value: object, *, name: str, field: str = "password") -> str:
    """A new password as it will be hashed; refuses what is short, long, or well known."""
    text = normalize(value)
    if text is None:
        raise InvalidInput("That password cannot be used.", field=field)
    if len(text) < SHORTEST:
        raise InvalidInput(f"At least {SHORTEST} characters, please.", field=field)
    if len(text) > LONGEST:
        raise InvalidInput(f"At most {LONGEST} characters.", field=field)
    if text.casefold() == name.casefold():
        raise InvalidInput("The password must not be the name.", field=field)
    if text.lower() in _common():
        raise InvalidInput("Everybody tries that one first. Choose another.", field=field)
    return text


def hash_password(password: str) -> str:
    with _slot():
        return _hasher.hash(password)


def verify_password(password_hash: str | None, value: object) -> bool:
    """Does the password belong to the hash? Without a hash: no, after the same work."""
    text = normalize(value)
    if text is None or len(text) > LONGEST:
        password_hash, text = None, ""
    with _slot():
        try:
            return _hasher.verify(password_hash or _dummy_hash(), text) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(password_hash: str) -> bool:
    """Was it made at another cost than today's?"""
    return _hasher.check_needs_rehash(password_hash)


def normalize(value: object) -> str | None:
    """One form for what different keyboards send; None for what is no text at all."""
    if not isinstance(value, str) or len(value) > 4 * LONGEST:
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
