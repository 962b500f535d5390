"""The user guide as pages, and the help dialog."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from inventory.web import guide
from inventory.web.inventory import help as help_pages
from tests.support.users import visible_text

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/guide"
PAGES = tuple(help_pages.TITLES)
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
#: Words in a sentence; codes and texts of the product count as one word.
MAX_WORDS = 20


def path_of(name):
    return "/help/" if name == "index" else f"/help/{name}/"


class GuideText(HTMLParser):
    """Collect the links and ids of the text of a guide page."""

    def __init__(self, html):
        super().__init__()
        self.links, self.ids, self._is_inside = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        fields = dict(attrs)
        self._is_inside |= tag == "article"
        if self._is_inside and "id" in fields:
            self.ids.append(fields["id"])
        if self._is_inside and tag == "a":
            self.links.append(fields["href"])

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
    for path in ("/help/", "/help/administration/", "/help/shortcuts/"):
        assert reader.get(path).status_code == 200
    assert "data-help" in reader.get("/").text


def test_the_guide_needs_a_sign_in(client):
    assert client.get("/help/").status_code == 303
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
