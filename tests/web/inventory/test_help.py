"""The user guide as pages, and the help dialog."""

from __future__ import annotations

import io
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from PIL import Image

from bench.screenshots import SHOTS
from inventory.web import guide
from inventory.web.inventory import help as help_pages
from tests.support.users import visible_text

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/guide"
PAGES = tuple(help_pages.TITLES)
PICTURES = sorted(path.stem for path in (FOLDER / "pictures").iterdir())
MAX_PICTURE_BYTES = 90_000
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
#: Words in a sentence; codes and texts of the product count as one word.
MAX_WORDS = 20


def path_of(name):
    return "/help/" if name == "index" else f"/help/{name}/"


class GuideText(HTMLParser):
    """Collect the links, ids and pictures of the text of a guide page."""

    def __init__(self, html):
        super().__init__()
        self.links, self.ids, self.pictures, self._is_inside = [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        fields = dict(attrs)
        self._is_inside |= tag == "article"
        if self._is_inside and "id" in fields:
            self.ids.append(fields["id"])
        if self._is_inside and tag == "a":
            self.links.append(fields["href"])
        if self._is_inside and tag == "img":
            self.pictures.append(fields)

    def handle_endtag(self, tag):
        self._is_inside &= tag != "article"


def test_each_file_of_the_guide_is_a_page_with_its_title():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)
    for name, title in help_pages.TITLES.items():
        page = guide.read_page(ROOT, name)
        assert page.title == title._args[0]
        assert len(page.anchors) == page.html.count("<h2") + page.html.count("<h3")


def test_every_page_renders_and_its_links_and_anchors_resolve(ada):
    texts = {path_of(name): GuideText(ada.get(path_of(name)).text) for name in PAGES}
    for path, text in texts.items():
        assert len(text.ids) == len(set(text.ids)), path
        for link in text.links:
            target = urlsplit(urljoin(path, link))
            assert target.path in texts, (path, link)
            assert not target.fragment or target.fragment in texts[target.path].ids, link
    assert sum(len(text.links) for text in texts.values()) > 30


def test_links_of_the_guide_have_targets_in_the_repository():
    for path in FOLDER.glob("*.md"):
        for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", path.read_text("utf-8")):
            file = path.parent / target
            assert file.exists(), (path.name, target)
            if anchor:
                assert anchor in guide.read_page(ROOT, file.stem).anchors, (path.name, target)


def test_each_picture_is_shown_once_with_its_size_and_alt_text(ada):
    shown = []
    for name in PAGES:
        text = GuideText(ada.get(path_of(name)).text)
        for picture in text.pictures:
            path = urljoin(path_of(name), picture["src"])
            found = re.fullmatch(r"/help/pictures/([a-z-]+)\.png", path)
            assert found, path
            shown.append(found[1])
            image = Image.open(io.BytesIO(ada.get(path).data))
            assert (picture["width"], picture["height"]) == tuple(map(str, image.size)), path
            assert 5 <= len(picture["alt"].split()) <= MAX_WORDS, path
            assert picture["loading"] == "lazy"
    assert sorted(shown) == PICTURES
    assert len(PICTURES) > 10


def test_each_picture_is_small_and_is_taken_by_the_script():
    paths = [FOLDER / "pictures" / f"{name}.png" for name in PICTURES]
    assert [path.name for path in paths if path.stat().st_size > MAX_PICTURE_BYTES] == []
    assert sorted(shot.name for shot in SHOTS if shot.folder == FOLDER / "pictures") == PICTURES


def test_a_picture_is_a_png_file_that_the_browser_keeps_for_an_hour(ada):
    response = ada.get("/help/pictures/receiving.png")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert response.data == (FOLDER / "pictures/receiving.png").read_bytes()
    again = ada.get("/help/pictures/receiving.png", **{"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_the_policy_of_a_guide_page_allows_its_pictures(ada):
    policy = ada.get("/help/receiving/").headers["Content-Security-Policy"]
    assert "img-src 'self'" in policy.split("; ")


@pytest.mark.parametrize(
    "name",
    [
        "nothing.png",
        "receiving",
        "receiving.PNG",
        "Receiving.png",
        "receiving.md.png",
        "..png",
        "../receiving.md",
        "../pictures/receiving.png/../..",
        "%2e%2e%2freceiving.png",
        "..%2f..%2f..%2fdocs%2fscreenshots%2flot.png",
        "receiving%00.png",
        "receiving%0a.png",
        "",
    ],
)
def test_an_unknown_picture_is_not_found(ada, name):
    assert ada.get(f"/help/pictures/{name}").status_code == 404


def test_names_with_other_characters_are_no_pictures(tmp_path):
    folder = tmp_path / "docs/guide/pictures"
    folder.mkdir(parents=True)
    for name in ("a", "A", "a.b"):
        (folder / f"{name}.png").touch()
    (tmp_path / "docs/guide/b.png").touch()
    assert guide.find_picture(tmp_path, "a") == folder / "a.png"
    for name in ("A", "a.b", "../b", "a/../a", "b", "", "a\n", str(folder / "a")):
        assert guide.find_picture(tmp_path, name) is None


def test_a_page_renders_without_its_picture(tmp_path):
    page = tmp_path / "docs/guide/receiving.md"
    page.parent.mkdir(parents=True)
    page.write_text("# Title\n\n![A form](pictures/form.png)\n")
    html = guide.read_page(tmp_path, "receiving").html
    assert '<img src="pictures/form.png" alt="A form" />' in html


def test_a_picture_must_be_a_png_file(tmp_path):
    folder = tmp_path / "docs/guide/pictures"
    folder.mkdir(parents=True)
    (folder.parent / "index.md").write_text("# Title\n\n![A form](pictures/form.png)\n")
    for content in (b"", b"GIF89a" + bytes(40), b"\x89PNG\r\n\x1a\n" + bytes(40)):
        (folder / "form.png").write_bytes(content)
        with pytest.raises(ValueError, match=r"not a PNG file: form\.png"):
            guide.read_page(tmp_path, "index")


def test_a_link_to_other_docs_is_text_with_the_path(ada):
    page = ada.get("/help/tablet/").text
    assert "Tablet app (<code>docs/floor.md</code>)" in page
    assert "../floor.md" not in page


def test_the_text_is_marked_as_english_and_the_frame_is_translated(ada):
    page = ada.get("/help/quality/", **{"Accept-Language": "de"}).text
    assert '<html lang="de"' in page
    assert '<div class="sheet-body guide" lang="en">' in page
    assert re.search(r'aria-current="page">[^<]+</a></li>', page)


@pytest.mark.parametrize("name", ["vic", "ole", "ira", "ada"])
def test_every_role_can_read_the_guide(person, name):
    reader = person(name)
    for path in ("", "administration/", "shortcuts/", "pictures/tablet.png"):
        assert reader.get(f"/help/{path}").status_code == 200
    assert "data-help" in reader.get("/").text


def test_the_guide_needs_a_sign_in(client):
    for path in ("/help/", "/help/pictures/receiving.png"):
        response = client.get(path)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/login/")
    assert "data-help" not in client.get("/login/").text


@pytest.mark.parametrize("name", ["nothing", "index", "..", "%2e%2e%2fapi", "receiving.md", "A"])
def test_an_unknown_page_is_not_found(ada, name):
    assert ada.get(f"/help/{name}/").status_code == 404


def test_html_in_markdown_is_shown_as_text(tmp_path):
    folder = tmp_path / "docs/guide"
    folder.mkdir(parents=True)
    text = "# Title\n\n<script>alert(1)</script>\n\nA <b>word</b>, [x](javascript:alert(1))\n"
    (folder / "index.md").write_text(text)
    html = guide.read_page(tmp_path, "index").html
    assert "<script" not in html
    assert "<b>" not in html
    assert "href" not in html
    assert "&lt;script&gt;" in html


def test_a_changed_file_is_rendered_again(tmp_path):
    path = tmp_path / "docs/guide/index.md"
    path.parent.mkdir(parents=True)
    path.write_text("# One\n\ntext\n")
    first = guide.read_page(tmp_path, "index")
    assert guide.read_page(tmp_path, "index") is first
    path.write_text("# Two\n\ntext\n")
    os.utime(path, ns=(1, 1))
    assert guide.read_page(tmp_path, "index").title == "Two"


def test_shortcuts_are_a_page_and_a_partial(ada):
    page = ada.get("/help/shortcuts/").text
    partial = ada.get("/help/shortcuts/", **PARTIAL).text
    assert "<html" in page
    assert "<html" not in partial
    for term in (
        "On hand",
        "Reserved",
        "Available",
        "On hold",
        "Free",
        "At risk",
        "FEFO",
        "Ctrl-K",
    ):
        assert term in visible_text(page)
        assert term in visible_text(partial)
    assert 'method="dialog"' in partial
    assert 'method="dialog"' not in page


def test_every_part_of_the_guide_exists():
    for part in help_pages.GUIDE_PARTS.values():
        name, _, anchor = part.partition("#")
        assert name in PAGES, part
        assert not anchor or anchor in guide.read_page(ROOT, name).anchors, part


def test_every_key_of_the_guide_parts_is_an_endpoint_or_a_blueprint(app):
    known = set(app.view_functions) | {name.rpartition(".")[0] for name in app.view_functions}
    assert set(help_pages.GUIDE_PARTS) <= known


def test_every_desk_page_has_a_part_of_the_guide(app):
    """The default is for error pages only."""
    groups = {name.rpartition(".")[0] for name in app.view_functions}
    desk = {name for name in groups if name.startswith(("inventory.", "admin.", "auth"))}
    assert len(desk) > 15
    assert sorted(desk - set(help_pages.GUIDE_PARTS)) == []


def test_help_in_the_user_menu_leads_to_the_part_for_the_page(ada, stock):
    lot = stock.lot("receive 10, reserve 4 JOB-1")
    for path, target in (
        ("/", "/help/#the-figures"),
        ("/receive/", "/help/receiving/#receive-a-lot"),
        (f"/lots/{lot}/count/", "/help/counting/#count-a-lot"),
        (f"/lots/{lot}/recall/", "/help/quality/#recalls"),
        ("/import/", "/help/importing/"),
        ("/nowhere/", "/help/"),
    ):
        assert f'href="{target}" data-help>' in ada.get(path).text, path


@pytest.mark.parametrize("path", ["/", "/reservations/1/unreserve/"])
def test_help_makes_a_page_at_most_300_bytes_larger(ada, stock, path):
    stock.lot("receive 10, reserve 4 JOB-1")
    page = ada.get(path).text
    [dialog] = re.findall(r'<dialog[^>]* id="help".*?</dialog>', page, re.DOTALL)
    [link] = re.findall(r" *<a [^>]* data-help>.*?</a>\n", page, re.DOTALL)
    assert len(dialog) + len(link) <= 300


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_the_guide_are_short_and_have_short_sentences(name):
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    assert 40 <= text.count("\n") <= 90
    assert max(map(len, text.splitlines())) <= 100
    for block in re.split(r"\n(?=\n|- |\d+\. |\|)|\|", text):
        plain = re.sub(r"\]\([^)]*\)|[*`\[\]]", "", re.sub(r"\n\s*", " ", block))
        for sentence in re.split(r"(?<=[.:?]) ", plain):
            assert len(sentence.split()) <= MAX_WORDS, sentence


def test_button_names_of_the_guide_exist_in_the_product():
    """Bold texts are texts of the product; at the start of a list item they can be other words."""
    folders = (("templates", "html"), ("inventory/web", "py"), ("static/floor", "js"))
    product = "\n".join(
        path.read_text("utf-8")
        for folder, ending in folders
        for path in (ROOT / folder).rglob(f"*.{ending}")
    ).replace("%(format)s", "CSV")
    missing = []
    for name in set(PAGES) - {"glossary"}:
        text = (FOLDER / f"{name}.md").read_text("utf-8")
        for start, word in re.findall(r"(- |)\*\*([^*]+)\*\*", text):
            if not start and word not in product:
                missing.append(f"{name}: {word}")
    assert missing == []
