"""Pictures of items: what is stored, and what is refused."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from inventory import pictures
from inventory.common.errors import InvalidInput, NotFound
from inventory.db import connection, db
from tests.support.stock_builder import Stock


def file_of(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return a picture that cannot be compressed well."""
    size = width * height * len(mode)
    return Image.frombytes(mode, (width, height), random.Random(4).randbytes(size))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_stored_as_a_small_jpeg_with_a_thumbnail(kind: str) -> None:
    picture, thumbnail = pictures.encode(file_of(Image.new("RGB", (1600, 900), "navy"), kind))
    assert (opened(picture).format, opened(picture).size) == ("JPEG", (1024, 576))
    assert (opened(thumbnail).format, opened(thumbnail).size) == ("JPEG", (96, 96))
    assert len(thumbnail) < 8000


def test_a_picture_that_compresses_badly_fits_nevertheless() -> None:
    picture, _ = pictures.encode(file_of(noise(900, 900), quality=60))
    assert len(picture) <= pictures.MAX_STORED


def test_nothing_of_the_file_but_its_pixels_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Secret site"
    exif[0x0112] = 6  # to be turned by 90 degrees
    content = file_of(Image.new("RGB", (200, 100), "red"), exif=exif) + b"<script>alert(1)</script>"
    picture, thumbnail = pictures.encode(content)
    for one in (picture, thumbnail):
        assert b"Secret" not in one
        assert b"script" not in one
        assert not opened(one).getexif()
    assert opened(picture).size == (100, 200)


def test_transparent_parts_are_white() -> None:
    for mode, kind in (("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP")):
        clear = Image.new(mode, (64, 64), 0)
        picture, _ = pictures.encode(file_of(clear, kind))
        assert min(opened(picture).getpixel((30, 30))) > 250, (mode, kind)


def png_head(width: int, height: int) -> bytes:
    """Return a PNG of one color that claims a size and has no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


JPEG = file_of(Image.new("RGB", (300, 300), "green"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a picture"),
        (b"GIF89a", "not a picture"),
        (file_of(Image.new("RGB", (9, 9)), "GIF"), "not a picture"),
        (file_of(Image.new("RGB", (9, 9)), "BMP"), "not a picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not a picture"),
        (b"%PDF-1.7", "not a picture"),
        (JPEG[: len(JPEG) // 2], "not a picture"),
        (png_head(100, 100), "not a picture"),
        (png_head(5000, 5000), "more than 16 million pixels"),
        (png_head(60000, 60000), "not a picture"),
        (b"x" * (pictures.MAX_UPLOAD + 1), "larger than 0.9 MB"),
    ],
)
def test_a_file_that_is_no_usable_picture_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refusal:
        pictures.encode(content)
    assert refusal.value.field == "picture"


def test_an_item_has_one_picture(stock: Stock) -> None:
    item = stock.item("BOLT") and 1
    first = pictures.set_picture(item="BOLT", content=JPEG, user_id=stock.user_id)
    other = file_of(Image.new("RGB", (50, 50), "blue"))
    second = pictures.set_picture(item="BOLT", content=other, user_id=stock.user_id)
    db.session.rollback()
    assert pictures.digests_of(connection(), [item, 2]) == {item: second}
    assert first != second
    assert pictures.read_picture(connection(), item, first, is_thumbnail=False) is None
    stored = pictures.read_picture(connection(), item, second, is_thumbnail=False)
    assert opened(stored).size == (50, 50)
    pictures.delete_picture(item="BOLT", user_id=stock.user_id)
    db.session.rollback()
    assert pictures.digests_of(connection(), [item]) == {}
    with pytest.raises(NotFound, match="has no picture"):
        pictures.delete_picture(item="BOLT", user_id=stock.user_id)
    with pytest.raises(NotFound):
        pictures.set_picture(item="NUT", content=JPEG, user_id=stock.user_id)
