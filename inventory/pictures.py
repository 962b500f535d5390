"""Pictures of items: one for each, re-encoded, so that nothing of the uploaded file is kept."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from inventory import audit
from inventory.common import clock
from inventory.common.errors import InvalidInput, NotFound
from inventory.common.messages import message
from inventory.db import atomic
from inventory.models import table
from inventory.models.pictures import ItemPicture
from inventory.stock import queries as stock

if TYPE_CHECKING:
    from PIL.Image import Image

#: Bytes of an upload; the browser makes pictures smaller before it sends them.
MAX_UPLOAD = 900_000
#: Pixels of an upload; a decoded pixel takes up to 4 bytes of memory.
MAX_PIXELS = 16_000_000
#: Bytes of a stored picture.
MAX_STORED = 100_000
FORMATS = ("JPEG", "PNG", "WEBP")
THUMBNAIL_SIDE = 96
#: Side in pixels and JPEG quality, until the picture is small enough.
_STEPS = ((1024, 82), (1024, 65), (800, 60), (640, 50), (480, 40), (320, 30))

_pictures = table(ItemPicture)


def set_picture(*, item: str, content: bytes, user_id: int) -> str:
    """Store the picture of an item in place of the one it has.

    Returns:
        The picture's digest.

    Raises:
        NotFound: unknown item.
        InvalidInput: not a picture of one of FORMATS, or too large.
        Busy: the database is locked for too long, full or unreachable.
    """
    picture, thumbnail = encode(content)
    return _store(item=item, picture=picture, thumbnail=thumbnail, user_id=user_id)


@atomic
def _store(tx: Connection, *, item: str, picture: bytes, thumbnail: bytes, user_id: int) -> str:
    found = stock.get_item(tx, item)
    digest = hashlib.sha256(picture).hexdigest()[:16]
    tx.execute(sa.delete(_pictures).where(_pictures.c.item_id == found.id))
    tx.execute(
        sa.insert(_pictures).values(
            item_id=found.id,
            digest=digest,
            picture=picture,
            thumbnail=thumbnail,
            user_id=user_id,
            changed_at=clock.now(),
        )
    )
    _record(tx, "picture changed", found.code, user_id)
    return digest


@atomic
def delete_picture(tx: Connection, *, item: str, user_id: int) -> None:
    """Delete the picture of an item.

    Raises:
        NotFound: unknown item, or it has no picture.
        Busy: the database is locked for too long, full or unreachable.
    """
    found = stock.get_item(tx, item)
    done = tx.execute(
        sa.delete(_pictures).where(_pictures.c.item_id == found.id).returning(_pictures.c.item_id)
    )
    if done.first() is None:
        raise NotFound(message("Item %(item)s has no picture.", item=found.code), item=found.code)
    _record(tx, "picture deleted", found.code, user_id)


def _record(tx: Connection, action: str, code: str, user_id: int) -> None:
    audit.record(tx, user_id=user_id, action=action, subject=f"item {code}"[:120])


def delete_of_items(tx: Connection, item_ids: Iterable[int]) -> None:
    """Delete the pictures of items that are deleted in the same transaction."""
    tx.execute(sa.delete(_pictures).where(_pictures.c.item_id.in_(list(item_ids))))


def digests_of(conn: Connection, item_ids: Iterable[int]) -> dict[int, str]:
    """Return the digests of the pictures of items, by item id."""
    rows = conn.execute(
        sa.select(_pictures.c.item_id, _pictures.c.digest).where(
            _pictures.c.item_id.in_(list(item_ids))
        )
    )
    return {row.item_id: row.digest for row in rows}


def read_picture(
    conn: Connection, item_id: int, digest: str, *, is_thumbnail: bool
) -> bytes | None:
    """Return a picture or its thumbnail as JPEG, or None if the item has no such picture."""
    column = _pictures.c.thumbnail if is_thumbnail else _pictures.c.picture
    found: bytes | None = conn.execute(
        sa.select(column).where(_pictures.c.item_id == item_id, _pictures.c.digest == digest)
    ).scalar_one_or_none()
    return found


def encode(content: bytes) -> tuple[bytes, bytes]:
    """Return the picture of a file as JPEG of at most MAX_STORED bytes, and its thumbnail.

    The picture is turned as its EXIF data says. EXIF data, color profiles and whatever else the
    file contains are left out, because only the decoded pixels are encoded.

    Raises:
        InvalidInput: not a picture of one of FORMATS, damaged, or too large.
    """
    if len(content) > MAX_UPLOAD:
        most = f"{MAX_UPLOAD / 1e6:g}"
        raise InvalidInput(
            message("The picture is larger than %(most)s MB.", most=most), field="picture"
        )
    picture = _decode(content)
    from PIL import Image, ImageOps

    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    thumbnail = _jpeg(ImageOps.fit(picture, side, Image.Resampling.LANCZOS), 75)
    encoded = b""
    for length, quality in _STEPS:
        smaller = picture.copy()
        smaller.thumbnail((length, length), Image.Resampling.LANCZOS)
        encoded = _jpeg(smaller, quality)
        if len(encoded) <= MAX_STORED:
            break
    return encoded, thumbnail


def _decode(content: bytes) -> Image:
    """Return the pixels of a file, on a white background where they are transparent."""
    from PIL import Image, ImageOps  # 4 MB, seldom needed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
            if opened.width * opened.height > MAX_PIXELS:
                most = MAX_PIXELS // 1_000_000
                raise InvalidInput(
                    message("The picture has more than %(most)s million pixels.", most=most),
                    field="picture",
                )
            # JPEG: decodes a large picture at a smaller scale.
            opened.draft("RGB", (_STEPS[0][0], _STEPS[0][0]))
            turned = ImageOps.exif_transpose(opened)
            if turned.mode == "P" or "A" in turned.mode:
                turned = turned.convert("RGBA")
                turned.thumbnail((_STEPS[0][0], _STEPS[0][0]), Image.Resampling.LANCZOS)
                paper = Image.new("RGBA", turned.size, "white")
                turned = Image.alpha_composite(paper, turned)
            return turned.convert("RGB")
    except InvalidInput:
        raise
    # Pillow raises many kinds of errors for damaged files.
    except Exception as error:
        raise InvalidInput(
            message("This file is not a picture that can be read. Use JPEG, PNG or WebP."),
            field="picture",
        ) from error


def _jpeg(image: Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
