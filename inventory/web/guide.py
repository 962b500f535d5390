"""The user guide: the Markdown pages of docs/guide as HTML.

Links between pages are written for the repository (`receiving.md#receive-a-lot`), and so are
pictures (`pictures/receiving.png`). They are rewritten to relative URLs of `/help/`, so that a
rendered page does not depend on `URL_PREFIX`.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it.token import Token

_FOLDER = "docs/guide"
_LINK = re.compile(r"([a-z-]+)\.md(#.*)?")
_PICTURE = re.compile(r"pictures/([a-z-]+)\.png")
#: A PNG file starts with a signature of 8 bytes, the length and name of its first chunk, and the
#: width and height in pixels (PNG specification, 5.2 and 11.2.2).
_PNG_HEADER = struct.Struct(">8s4x4sII")


@dataclass(frozen=True)
class GuidePage:
    """A page of the guide.

    The title is the first heading; `html` is the rest, and `anchors` are the ids in it.
    """

    name: str
    title: str
    html: Markup
    anchors: frozenset[str]


def read_page(root: Path, name: str) -> GuidePage:
    """Return a page of the guide; a changed file is rendered again.

    Args:
        root: the folder that contains `docs/guide`.
        name: the name of a file without `.md`. It is not checked.
    """
    path = root / _FOLDER / f"{name}.md"
    return _render(path, path.stat().st_mtime_ns)


def find_picture(root: Path, name: str) -> Path | None:
    """Return the path of a picture of the guide, or None if there is none of this name.

    Args:
        root: the folder that contains `docs/guide`.
        name: the name of the file without `.png`.
    """
    if not _PICTURE.fullmatch(f"pictures/{name}.png"):
        return None
    path = root / _FOLDER / "pictures" / f"{name}.png"
    return path if path.is_file() else None


@functools.lru_cache(maxsize=32)
def _render(path: Path, mtime_ns: int) -> GuidePage:
    """Return the rendered page. `mtime_ns` is part of the key of the cache only."""
    # Workers that show no page of the guide do without the parser.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(path.read_text("utf-8"))
    title, tokens = tokens[1].content, tokens[3:]
    anchors = frozenset(_add_anchors(tokens))
    for token in tokens:
        # A paragraph in each list item, so that links are links within a sentence.
        token.hidden = False
        if token.children:
            token.children = list(_rewrite_links(token.children, path.stem))
            _rewrite_pictures(token.children, path)
    # The parser escapes the text of the file, HTML included.
    html = Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704
    return GuidePage(path.stem, title, html, anchors)


def _add_anchors(tokens: list[Token]) -> Iterator[str]:
    """Give each heading the id that GitHub gives it, and yield the ids."""
    for token, content in itertools.pairwise(tokens):
        if token.type == "heading_open":
            anchor = re.sub(r"[^\w\- ]", "", content.content.lower()).replace(" ", "-")
            token.attrSet("id", anchor)
            yield anchor


def _rewrite_links(tokens: list[Token], name: str) -> Iterator[Token]:
    """Point links at pages of `/help/`; links to other docs become text with the path."""
    from markdown_it.token import Token

    outside = ""
    for token in tokens:
        href = str(token.attrGet("href") or "")
        if token.type == "link_open" and _is_outside(href):
            outside = posixpath.normpath(f"{_FOLDER}/{href.partition('#')[0]}")
        elif token.type == "link_close" and outside:
            yield Token("text", "", 0, content=" (")
            yield Token("code_inline", "code", 0, content=outside)
            yield Token("text", "", 0, content=")")
            outside = ""
        else:
            if token.type == "link_open":
                token.attrSet("href", _url(href, name))
            yield token


def _rewrite_pictures(tokens: list[Token], path: Path) -> None:
    """Point pictures at URLs of `/help/`, and add their size, so that the text does not shift."""
    for token in tokens:
        found = _PICTURE.fullmatch(str(token.attrGet("src") or ""))
        if token.type == "image" and found and (path.parent / found[0]).is_file():
            width, height = _read_png_size(path.parent / found[0])
            token.attrSet("src", f"{_start(path.stem)}{found[0]}")
            token.attrSet("width", str(width))
            token.attrSet("height", str(height))
            token.attrSet("loading", "lazy")


def _read_png_size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels, read from the header of the file.

    Raises:
        ValueError: the file is no PNG.
    """
    with path.open("rb") as file:
        header = file.read(_PNG_HEADER.size)
    if len(header) == _PNG_HEADER.size:
        signature, chunk, width, height = _PNG_HEADER.unpack(header)
        if signature == b"\x89PNG\r\n\x1a\n" and chunk == b"IHDR":
            return width, height
    raise ValueError(f"not a PNG file: {path.name}")


def _is_outside(href: str) -> bool:
    """Return whether a link leads to a file that is not a page of the guide."""
    is_page = _LINK.fullmatch(href) is not None
    return not is_page and not href.startswith(("#", "https://", "http://"))


def _url(href: str, name: str) -> str:
    """Return the URL of a link, relative to the page `name`."""
    found = _LINK.fullmatch(href)
    if found is None:
        return href
    path = "" if found[1] == "index" else f"{found[1]}/"
    return f"{_start(name)}{path}{found[2] or ''}" or "./"


def _start(name: str) -> str:
    """Return the relative URL of `/help/` on the page `name`; empty on its first page."""
    return "" if name == "index" else "../"
