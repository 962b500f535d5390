"""Labels: what is printed reads back, byte for byte; sizes are right; nothing breaks out."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from inventory import barcodes, labels
from inventory.common.errors import InvalidInput, NotFound
from inventory.db import connection, db
from inventory.labels import pdf
from inventory.labels.text_fitting import DOT, fit
from inventory.labels.zpl import escaped
from tests.support.stock_builder import Stock, key

GTIN = "09521123456785"
DAY = date(2027, 12, 31)
#: Lot codes as people write them: long, with umlauts, and full of what printers take for commands.
LOT_CODES = [
    "L-001", "1", "A" * 20, "A" * 21, "x" * 64, "Ü-77/x", "Größe 5°", "a_b", "_1_1", "A(B)C",
    "%&'*+,-./:;<=>?!\"", "^XZ~JA^FD", "~DG", "Жук", "中文", "17271231", "L 1", "\\&", "10",
]  # fmt: skip


def pictures(content: bytes) -> Iterator[Image.Image]:
    """The pages as a 203 dpi printer prints them."""
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            yield page.render(scale=203 / 72, grayscale=True).to_pil()
            page.close()


def scanned(content: bytes) -> list[str]:
    """What a scanner types: the bytes in each code, with the barcode's kind in front."""
    return [
        f"{found.symbology_identifier}{found.bytes.decode()}"
        for picture in pictures(content)
        for found in zxingcpp.read_barcodes(picture)
    ]


def typed(label: labels.Label) -> str:
    return f"{']d2' if label.is_gs1 else ']Q1'}{label.typed}"


@pytest.fixture
def lots(stock: Stock) -> dict[str, int]:
    """A lot of each code, of an item with a GTIN."""
    stock.item("DICHTUNG-Ä", name="Grüne Dichtung für außen, mit einem sehr langen Namen ^XZ ~JR")
    fields = {"item": "DICHTUNG-Ä", "expires_on": DAY}
    found = {code: stock.lot("receive 7", lot_code=code, **fields) for code in LOT_CODES}
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="DICHTUNG-Ä")
    db.session.rollback()
    return found


@pytest.fixture
def some(lots: dict[str, int]) -> list[labels.Label]:
    """Labels of all kinds."""
    return [
        *labels.lot_labels(connection(), lots.values(), with_qty=True),
        *labels.item_labels(connection(), ["DICHTUNG-Ä"]),
        *labels.location_labels(["A-01-03", "Regal Ä/3", "x" * 64]),
    ]


@pytest.mark.parametrize("name", labels.LAYOUTS)
def test_every_code_of_a_printed_page_reads_back_byte_for_byte(
    some: list[labels.Label], name: str
) -> None:
    layout = labels.layout_of(name)
    wanted = [typed(label) for label in some]
    try:
        content = labels.to_pdf(some, layout)
    except InvalidInput:  # the longest place needs more room than the smallest label has
        *some, _ = some
        content, wanted = labels.to_pdf(some, layout), wanted[:-1]
    assert sorted(scanned(content)) == sorted(wanted)


def test_what_is_read_back_is_found(lots: dict[str, int], some: list[labels.Label]) -> None:
    found = {}
    for raw in scanned(labels.to_pdf(some, labels.layout_of("a4-2x7"))):
        one = barcodes.resolve(connection(), raw)
        assert one.warnings == ()
        if one.kind == "lot":
            found[one.lot.lot_code] = one.lot.id
    assert found == lots


def test_gs1_is_printed_where_gs1_can_say_it_and_our_own_code_elsewhere(
    lots: dict[str, int],
) -> None:
    made = dict(zip(lots, labels.lot_labels(connection(), lots.values()), strict=True))
    assert made["L-001"].typed == f"01{GTIN}1727123110L-001"
    ours = {code for code, label in made.items() if not label.is_gs1}
    assert ours == {
        "A" * 21, "x" * 64, "Ü-77/x", "Größe 5°", "A(B)C", "^XZ~JA^FD", "~DG", "Жук", "中文",
        "L 1", "\\&",
    }  # fmt: skip


def test_a_date_that_gs1_cannot_tell_is_not_told_in_gs1(stock: Stock) -> None:
    for code, expires_on in (("SOON", date(2027, 1, 31)), ("LATE", date(2096, 6, 30))):
        stock.lot(lot_code=code, expires_on=expires_on)
    stock.lot(lot_code="NEVER")
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="BOLT")
    ids = [stock.find_lot(code).id for code in ("SOON", "LATE", "NEVER")]
    soon, late, never = labels.lot_labels(connection(), ids)
    assert (soon.is_gs1, late.is_gs1, never.typed) == (True, False, f"01{GTIN}10NEVER")


def test_without_a_gtin_for_one_piece_the_code_is_our_own(stock: Stock) -> None:
    lot = stock.lot()
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="BOLT", qty=12)
    (label,) = labels.lot_labels(connection(), [lot])
    assert label.typed.startswith(f"INV1L{lot}X")


def test_every_lot_code_stands_on_its_label_whole(some: list[labels.Label]) -> None:
    layout = labels.layout_of("50x25")
    for label, code in zip(some, LOT_CODES, strict=False):
        words = [word.text for word in fit(label, *layout.label, pdf.measure).words]
        assert code.replace(" ", "") in "".join(words).replace(" ", "")


def test_words_and_code_stay_on_the_label_and_apart(some: list[labels.Label]) -> None:
    for name in ("50x25", "100x50", "40x40"):
        width, height = labels.layout_of(name).label
        for label in some[:-1]:
            fitted = fit(label, width, height, pdf.measure)
            side = fitted.matrix.modules * fitted.module
            assert fitted.x >= 0
            assert 0 <= fitted.y <= height - side
            for word in fitted.words:
                assert word.x >= fitted.x + side
                assert word.x + pdf.measure(word.text, word.bold) * word.size <= width
                assert word.y >= 0
                assert word.y + word.size <= height
                assert word.size >= 1.5


def test_sizes_are_right_in_millimetres(some: list[labels.Label]) -> None:
    layout = labels.layout_of("a4-3x8")
    label = some[0]
    with pypdfium2.PdfDocument(labels.to_pdf([label] * 2, layout, start=5)) as document:
        page = document[0]
        assert [round(edge / 72 * 25.4, 2) for edge in page.get_size()] == [210, 297]
        picture = page.render(scale=10, grayscale=True).to_pil()
        page.close()
    per_mm = 10 * 72 / 25.4
    fitted = fit(label, *layout.label, pdf.measure)
    inside = (fitted.matrix.modules - 2 * fitted.matrix.quiet) * fitted.module
    for place, found in enumerate(sorted(zxingcpp.read_barcodes(picture), key=_left)):
        column, row = place + 1, 1
        left = 7.25 + column * 66 + fitted.x + fitted.matrix.quiet * fitted.module
        top = 12.9 + row * 33.9 + fitted.y + fitted.matrix.quiet * fitted.module
        corners = (found.position.top_left, found.position.bottom_right)
        in_mm = [edge / per_mm for corner in corners for edge in (corner.x, corner.y)]
        assert in_mm == pytest.approx([left, top, left + inside, top + inside], abs=0.3)
    assert fitted.module / DOT == fitted.dots >= 2


def _left(found: Any) -> int:
    return int(found.position.top_left.x)


def test_labels_begin_at_the_first_place_that_is_left(some: list[labels.Label]) -> None:
    layout = labels.layout_of("letter-3x10")
    places = list(layout.places(32, start=30))
    assert places[0] == (0, pytest.approx(4.7625 + 2 * 69.85), pytest.approx(12.7 + 9 * 25.4))
    assert [page for page, _, _ in places] == [0] + [1] * 30 + [2]
    for start in (0, 31):
        with pytest.raises(InvalidInput, match="place 1 to 30"):
            labels.to_pdf(some[:1], layout, start=start)


@pytest.mark.parametrize(
    ("name", "label", "on_page"),
    [
        ("62x29", (62, 29), 1),
        ("38.5x12.75", (38.5, 12.75), 1),
        ("a4:3x8:7.25,12.9:2.5,0", (63.5, 33.9), 24),
        ("letter:1x1:0,0:0,0", (215.9, 279.4), 1),
    ],
)
def test_layouts_may_be_described(name: str, label: tuple[float, float], on_page: int) -> None:
    layout = labels.layout_of(name)
    assert layout.label == pytest.approx(label)
    assert layout.on_page == on_page
    for page, x, y in layout.places(on_page):
        assert page == 0
        assert x + layout.label[0] <= layout.page[0] + 1e-6
        assert y + layout.label[1] <= layout.page[1] + 1e-6


@pytest.mark.parametrize(
    "name",
    ["", None, 5, "a5", "62", "62x", "0x0", "19x29", "62x9", "999x29", "-62x29", "6e1x29",
     "٦٢x29", "a4:0x8:1,1:1,1", "a4:3x8:110,1:1,1", "a4:99x99:0,0:0,0", "a4:3x8"],
)  # fmt: skip
def test_a_layout_that_cannot_be_is_refused(name: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        labels.layout_of(name)
    assert caught.value.field == "layout"


@pytest.mark.parametrize("name", list(labels.LAYOUTS))
def test_the_layouts_lie_on_their_paper(name: str) -> None:
    layout = labels.LAYOUTS[name]
    for _, x, y in layout.places(layout.on_page):
        assert 0 <= x <= layout.page[0] - layout.label[0] + 0.01
        assert 0 <= y <= layout.page[1] - layout.label[1] + 0.01


def test_a_label_too_small_for_its_code_is_refused(some: list[labels.Label]) -> None:
    for name in ("20x10", "30x12"):
        with pytest.raises(InvalidInput, match="too small"):
            labels.to_pdf(some, labels.layout_of(name))


def test_unknown_lots_and_items_have_no_label(stock: Stock) -> None:
    with pytest.raises(NotFound):
        labels.lot_labels(connection(), [99])
    with pytest.raises(NotFound):
        labels.item_labels(connection(), ["NONE"])
    for place in ("", "x" * 65, "A\n1"):
        with pytest.raises(InvalidInput):
            labels.location_labels([place])


def test_copies_stand_together_and_have_a_limit(some: list[labels.Label]) -> None:
    assert labels.copies_of(some[:2], 2) == [some[0], some[0], some[1], some[1]]
    for wanted, copies in ((some, 0), (some, -1), (some[:2], 501), ([], 1)):
        with pytest.raises(InvalidInput):
            labels.copies_of(wanted, copies)


# --- for label printers ---------------------------------------------------------------------------


def parts_of(content: bytes) -> list[tuple[str, str]]:
    """The commands of a ZPL stream, each with what follows it, as a printer takes them."""
    found = re.findall(r"[\^~]([A-Z][A-Z0-9])([^\^~]*)", content.decode("ascii"))
    return [(name, rest.rstrip("\n")) for name, rest in found]


def unescaped(field: str) -> str:
    raw = re.sub(rb"_([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), field.encode())
    return raw.decode()


def printed(content: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """Each label of a ZPL stream: the kind of its code, what it carries, and the words on it."""
    code, hexed, words, kind = "", False, [], ""
    for name, rest in parts_of(content):
        if name == "XA":
            code, words, kind = "", [], ""
        elif name in ("BX", "BQ"):
            kind = name
        elif name == "FH":
            hexed = rest == "_"
        elif name == "FD" and not code:
            code = rest
        elif name == "FD":
            words.append(unescaped(rest) if hexed else rest)
        elif name == "FS":
            hexed = False
        elif name == "XZ":
            yield kind, code, words


def test_zpl_carries_the_same_codes_and_words(some: list[labels.Label]) -> None:
    layout = labels.layout_of("100x50")
    found = list(printed(labels.to_zpl(some, layout)))
    assert len(found) == len(some)
    for label, (kind, code, words) in zip(some, found, strict=True):
        if label.is_gs1:
            assert (kind, code[:2]) == ("BX", "_1")
            assert code[2:].replace("__", "_") == label.typed
            assert "_" not in code[2:].replace("__", "")
        else:
            assert (kind, code) == ("BQ", f"MA,{label.typed}")
        assert words == [word.text for word in fit(label, *layout.label, pdf.measure).words]


def test_no_name_and_no_code_can_command_the_printer(some: list[labels.Label]) -> None:
    content = labels.to_zpl(some, labels.layout_of("100x50"))
    assert content.isascii()
    assert b"~" not in content
    known = {"XA", "CI", "LH", "PW", "LL", "FO", "BX", "BQ", "A0", "FH", "FD", "FS", "XZ"}
    parts = parts_of(content)
    assert {name[:2] for name, _ in parts} == known
    assert [name for name, _ in parts].count("XA") == len(some)
    assert [name for name, _ in parts].count("XZ") == len(some)
    for character in map(chr, range(0x250)):
        assert not set(escaped(character)) - set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;/()+-#=*_"
        )
        assert unescaped(escaped(character)) == character


def test_zpl_tells_the_size_in_dots_and_takes_no_sheets(some: list[labels.Label]) -> None:
    fields = dict(parts_of(labels.to_zpl(some[:1], labels.layout_of("62x29"))))
    assert (fields["PW"], fields["LL"]) == (str(round(62 / DOT)), str(round(29 / DOT)))
    with pytest.raises(InvalidInput, match="single labels"):
        labels.to_zpl(some[:1], labels.layout_of("a4-3x8"))


def test_a_printer_that_draws_the_zpl_draws_what_scanners_read(some: list[labels.Label]) -> None:
    """As the printer would: the code's data drawn with its own modules, at its own place."""
    layout = labels.layout_of("62x29")
    for label, (kind, code, _) in zip(
        some[:-1], printed(labels.to_zpl(some[:-1], layout)), strict=True
    ):
        if kind == "BX":
            message = code[2:].replace("__", "_")
            drawn = zxingcpp.create_barcode(
                barcodes.parse_scan(f"]d2{message}").text, zxingcpp.BarcodeFormat.DataMatrix,
                gs1=True, force_square=True,
            )  # fmt: skip
        else:
            drawn = zxingcpp.create_barcode(code[3:], zxingcpp.BarcodeFormat.QRCode)
        read = zxingcpp.read_barcode(Image.fromarray(drawn.to_image(3)))
        assert f"{read.symbology_identifier}{read.bytes.decode()}" == typed(label)


# --- what it is made of ---------------------------------------------------------------------------


def test_the_fonts_are_the_published_ones() -> None:
    told = dict(
        re.findall(r"^\| (\S+\.ttf) \| `([^`]+)` \|", (pdf.FONTS / "README.md").read_text(), re.M)
    )
    for path in pdf.FONTS.glob("*.ttf"):
        digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        assert told.pop(path.name) == digest
    assert not told
    assert "Bitstream Vera" in (pdf.FONTS / "LICENSE").read_text("utf-8", "replace")


def test_what_the_font_lacks_is_a_square_not_a_fault() -> None:
    label = labels.Label("qr", "INV1I1X000000", (labels.content.Line("中文 ok"),))
    assert labels.to_pdf([label], labels.layout_of("62x29")).startswith(b"%PDF")


def test_starting_the_application_loads_none_of_the_libraries() -> None:
    program = (
        "import json, sys, inventory; inventory.create_app;"
        "print(json.dumps([name for name in ('biip', 'zxingcpp', 'reportlab', 'PIL')"
        " if name in sys.modules]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == []


def test_a_pdf_is_the_same_whenever_it_is_made(some: list[labels.Label]) -> None:
    layout = labels.layout_of("62x29")
    first = labels.to_pdf(some[:3], layout)
    assert first == labels.to_pdf(some[:3], layout)
    assert io.BytesIO(first).read(5) == b"%PDF-"
