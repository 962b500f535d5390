"""Typed values of a form that was sent after the session ended.

The sign-in page carries them in a hidden field, encrypted for the user of the ended session, and
they come back as a form after sign-in. Nothing is stored on the server and nothing is posted.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, request
from itsdangerous import Signer

from inventory.http.secret_keys import signing_keys

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

#: Seconds for signing in again.
MAX_AGE_SECONDS = 3600
#: Larger forms are not kept: in bytes of JSON.
MAX_BYTES = 128 * 1024
#: Fields that are not typed values.
_OMITTED = ("csrf_token",)


@dataclass(frozen=True)
class FormDraft:
    """The values of a form, its path and its user."""

    user_id: int
    #: Without `URL_PREFIX`.
    path: str
    values: dict[str, str]


def sign_owner(user_id: int, key: str) -> str:
    """Return the proof that the form with this key was shown to the user."""
    signature = _signer().get_signature(f"{user_id}.{key}").decode()
    return f"{user_id}.{signature}"


def posted_owner() -> int | None:
    """Return the id of the user that the posted form was shown to, or None if it is unproven.

    A form of another site has no proof, so its values never reach a sign-in page.
    """
    owner, _, signature = request.form.get("owner", "").partition(".")
    key = request.form.get("key", "")
    if not (owner.isascii() and owner.isdigit() and len(owner) < 19 and key):
        return None
    return int(owner) if _signer().verify_signature(f"{owner}.{key}", signature) else None


def encrypt_posted_form() -> str:
    """Return the posted form as encrypted text, or "" if it is unproven or too large."""
    user_id = posted_owner()
    if user_id is None:
        return ""
    values = {name: text for name, text in request.form.items() if name not in _OMITTED}
    content = json.dumps([user_id, request.path, values]).encode()
    return "" if len(content) > MAX_BYTES else _fernet().encrypt(content).decode()


def decrypt_draft(text: str) -> FormDraft | None:
    """Return the draft of a sign-in form, or None if it is missing, too old or not ours."""
    if not text:
        return None
    from cryptography.fernet import InvalidToken

    try:
        content = _fernet().decrypt(text.encode(), ttl=MAX_AGE_SECONDS)
    except InvalidToken:
        return None
    return FormDraft(*json.loads(content))


def _signer() -> Signer:
    return Signer(list(reversed(signing_keys(current_app))), salt="owner of a form")


def _fernet() -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet  # 5 MB, seldom needed.

    site_keys = signing_keys(current_app)
    keys = [hmac.digest(key.encode(), b"form drafts", "sha256") for key in site_keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
