"""Labels: printed codes are read back unchanged, sizes are exact, ZPL cannot be injected."""

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
#: Lot codes: long ones, umlauts, other scripts, and characters with a meaning in ZPL or GS1.
LOT_CODES = [
    "L-001", "1", "A" * 20, "A" * 21, "x" * 64, "Ü-77/x", "Größe 5°", "a_b", "_1_1", "A(B)C",
    "%&'*+,-./:;<=>?!\"", "^XZ~JA^FD", "~DG", "Жук", "中文", "17271231", "L 1", "\\&", "10",
]  # fmt: skip


def pictures(content: bytes) -> Iterator[Image.Image]:
    """Render the pages at 203 dpi, as a label printer does."""
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            yield page.render(scale=203 / 72, grayscale=True).to_pil()
            page.close()


def scanned(content: bytes) -> list[str]:
    """Return what a scanner sends: the symbology identifier and the bytes of each code."""
    return [
        f"{found.symbology_identifier}{found.bytes.decode()}"
        for picture in pictures(content)
        for found in zxingcpp.read_barcodes(picture)
    ]


def scan_of(label: labels.Label) -> str:
    return f"{']d2' if label.is_gs1 else ']Q1'}{label.typed}"


@pytest.fixture
def lots(stock: Stock) -> dict[str, int]:
    """A lot for each of LOT_CODES, of an item with a GTIN; lot code to id."""
    stock.item("DICHTUNG-Ä", name="Grüne Dichtung für außen, mit einem sehr langen Namen ^XZ ~JR")
    fields = {"item": "DICHTUNG-Ä", "expires_on": DAY}
    found = {code: stock.lot("receive 7", lot_code=code, **fields) for code in LOT_CODES}
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="DICHTUNG-Ä")
    db.session.rollback()
    return found


@pytest.fixture
def mixed_labels(lots: dict[str, int]) -> list[labels.Label]:
    """Lot, item and location labels."""
    return [
        *labels.lot_labels(connection(), lots.values(), with_qty=True),
        *labels.item_labels(connection(), ["DICHTUNG-Ä"]),
        *labels.location_labels(["A-01-03", "Regal Ä/3", "x" * 64]),
    ]


@pytest.mark.parametrize("name", labels.LAYOUTS)
def test_every_code_on_a_printed_page_is_read_back_unchanged(
    mixed_labels: list[labels.Label], name: str
) -> None:
    layout = labels.layout_of(name)
    wanted = [scan_of(label) for label in mixed_labels]
    try:
        content = labels.to_pdf(mixed_labels, layout)
    except InvalidInput:  # the longest location does not fit the smallest label
        *mixed_labels, _ = mixed_labels
        content, wanted = labels.to_pdf(mixed_labels, layout), wanted[:-1]
    assert sorted(scanned(content)) == sorted(wanted)


def test_codes_read_from_labels_resolve_to_their_lots(
    lots: dict[str, int], mixed_labels: list[labels.Label]
) -> None:
    found = {}
    for raw in scanned(labels.to_pdf(mixed_labels, labels.layout_of("a4-2x7"))):
        resolution = barcodes.resolve(connection(), raw)
        assert resolution.warnings == ()
        if resolution.kind == "lot":
            found[resolution.lot.lot_code] = resolution.lot.id
    assert found == lots


def test_label_has_gs1_if_possible_and_else_an_internal_code(
    lots: dict[str, int],
) -> None:
    label_of = dict(zip(lots, labels.lot_labels(connection(), lots.values()), strict=True))
    assert label_of["L-001"].typed == f"01{GTIN}1727123110L-001"
    internal = {code for code, label in label_of.items() if not label.is_gs1}
    assert internal == {
        "A" * 21, "x" * 64, "Ü-77/x", "Größe 5°", "A(B)C", "^XZ~JA^FD", "~DG", "Жук", "中文",
        "L 1", "\\&",
    }  # fmt: skip


def test_lot_with_an_expiry_beyond_gs1_has_an_internal_code(stock: Stock) -> None:
    for code, expires_on in (("SOON", date(2027, 1, 31)), ("LATE", date(2096, 6, 30))):
        stock.lot(lot_code=code, expires_on=expires_on)
    stock.lot(lot_code="NEVER")
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="BOLT")
    ids = [stock.find_lot(code).id for code in ("SOON", "LATE", "NEVER")]
    soon, late, never = labels.lot_labels(connection(), ids)
    assert (soon.is_gs1, late.is_gs1, never.typed) == (True, False, f"01{GTIN}10NEVER")


def test_lot_without_a_gtin_of_quantity_1_has_an_internal_code(stock: Stock) -> None:
    lot = stock.lot()
    barcodes.link(user_id=stock.user_id, key=key(), code=GTIN, item="BOLT", qty=12)
    (label,) = labels.lot_labels(connection(), [lot])
    assert label.typed.startswith(f"INV1L{lot}X")


def test_every_lot_code_is_printed_in_full(mixed_labels: list[labels.Label]) -> None:
    layout = labels.layout_of("50x25")
    for label, code in zip(mixed_labels, LOT_CODES, strict=False):
        words = [word.text for word in fit(label, *layout.label, pdf.measure).words]
        assert code.replace(" ", "") in "".join(words).replace(" ", "")


def test_text_and_code_fit_the_label_without_overlap(mixed_labels: list[labels.Label]) -> None:
    for name in ("50x25", "100x50", "40x40"):
        width, height = labels.layout_of(name).label
        for label in mixed_labels[:-1]:
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


def test_printed_positions_are_exact_in_millimeters(mixed_labels: list[labels.Label]) -> None:
    layout = labels.layout_of("a4-3x8")
    label = mixed_labels[0]
    with pypdfium2.PdfDocument(labels.to_pdf([label] * 2, layout, start=5)) as document:
        page = document[0]
        assert [round(edge / 72 * 25.4, 2) for edge in page.get_size()] == [210, 297]
        picture = page.render(scale=10, grayscale=True).to_pil()
        page.close()
    per_mm = 10 * 72 / 25.4
    fitted = fit(label, *layout.label, pdf.measure)
    inside = (fitted.matrix.modules - 2 * fitted.matrix.quiet) * fitted.module
    for index, found in enumerate(sorted(zxingcpp.read_barcodes(picture), key=_left)):
        column, row = index + 1, 1
        left = 7.25 + column * 66 + fitted.x + fitted.matrix.quiet * fitted.module
        top = 12.9 + row * 33.9 + fitted.y + fitted.matrix.quiet * fitted.module
        corners = (found.position.top_left, found.position.bottom_right)
        in_mm = [edge / per_mm for corner in corners for edge in (corner.x, corner.y)]
        assert in_mm == pytest.approx([left, top, left + inside, top + inside], abs=0.3)
    assert fitted.module / DOT == fitted.dots >= 2


def _left(found: Any) -> int:
    return int(found.position.top_left.x)


def test_printing_starts_at_the_given_label_of_the_sheet(mixed_labels: list[labels.Label]) -> None:
    layout = labels.layout_of("letter-3x10")
    places = list(layout.places(32, start=30))
    assert places[0] == (0, pytest.approx(4.7625 + 2 * 69.85), pytest.approx(12.7 + 9 * 25.4))
    assert [page for page, _, _ in places] == [0] + [1] * 30 + [2]
    for start in (0, 31):
        with pytest.raises(InvalidInput, match="position 1 to 30"):
            labels.to_pdf(mixed_labels[:1], layout, start=start)


@pytest.mark.parametrize(
    ("name", "label", "on_page"),
    [
        ("62x29", (62, 29), 1),
        ("38.5x12.75", (38.5, 12.75), 1),
        ("a4:3x8:7.25,12.9:2.5,0", (63.5, 33.9), 24),
        ("letter:1x1:0,0:0,0", (215.9, 279.4), 1),
    ],
)
def test_layout_can_be_described_by_its_sizes(
    name: str, label: tuple[float, float], on_page: int
) -> None:
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
def test_invalid_layout_is_refused(name: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        labels.layout_of(name)
    assert caught.value.field == "layout"


@pytest.mark.parametrize("name", list(labels.LAYOUTS))
def test_built_in_layouts_fit_their_paper(name: str) -> None:
    layout = labels.LAYOUTS[name]
    for _, x, y in layout.places(layout.on_page):
        assert 0 <= x <= layout.page[0] - layout.label[0] + 0.01
        assert 0 <= y <= layout.page[1] - layout.label[1] + 0.01


def test_a_label_too_small_for_its_code_is_refused(mixed_labels: list[labels.Label]) -> None:
    for name in ("20x10", "30x12"):
        with pytest.raises(InvalidInput, match="too small"):
            labels.to_pdf(mixed_labels, labels.layout_of(name))


def test_label_of_an_unknown_lot_item_or_location_is_refused(stock: Stock) -> None:
    with pytest.raises(NotFound):
        labels.lot_labels(connection(), [99])
    with pytest.raises(NotFound):
        labels.item_labels(connection(), ["NONE"])
    for location in ("", "x" * 65, "A\n1"):
        with pytest.raises(InvalidInput):
            labels.location_labels([location])


def test_copies_are_adjacent_and_limited(mixed_labels: list[labels.Label]) -> None:
    assert labels.copies_of(mixed_labels[:2], 2) == [
        mixed_labels[0],
        mixed_labels[0],
        mixed_labels[1],
        mixed_labels[1],
    ]
    for wanted, copies in ((mixed_labels, 0), (mixed_labels, -1), (mixed_labels[:2], 501), ([], 1)):
        with pytest.raises(InvalidInput):
            labels.copies_of(wanted, copies)


# --- ZPL ------------------------------------------------------------------------------------------


def zpl_commands(content: bytes) -> list[tuple[str, str]]:
    """Split a ZPL stream into its commands and their parameters."""
    found = re.findall(r"[\^~]([A-Z][A-Z0-9])([^\^~]*)", content.decode("ascii"))
    return [(name, rest.rstrip("\n")) for name, rest in found]


def unescaped(field: str) -> str:
    raw = re.sub(rb"_([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), field.encode())
    return raw.decode()


def zpl_labels(content: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """Yield for each label of a ZPL stream: barcode command, barcode data, text lines."""
    code, hexed, words, kind = "", False, [], ""
    for name, rest in zpl_commands(content):
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


def test_zpl_has_the_codes_and_text_of_the_labels(mixed_labels: list[labels.Label]) -> None:
    layout = labels.layout_of("100x50")
    found = list(zpl_labels(labels.to_zpl(mixed_labels, layout)))
    assert len(found) == len(mixed_labels)
    for label, (kind, code, words) in zip(mixed_labels, found, strict=True):
        if label.is_gs1:
            assert (kind, code[:2]) == ("BX", "_1")
            assert code[2:].replace("__", "_") == label.typed
            assert "_" not in code[2:].replace("__", "")
        else:
            assert (kind, code) == ("BQ", f"MA,{label.typed}")
        assert words == [word.text for word in fit(label, *layout.label, pdf.measure).words]


def test_names_and_codes_cannot_inject_zpl_commands(mixed_labels: list[labels.Label]) -> None:
    content = labels.to_zpl(mixed_labels, labels.layout_of("100x50"))
    assert content.isascii()
    assert b"~" not in content
    known = {"XA", "CI", "LH", "PW", "LL", "FO", "BX", "BQ", "A0", "FH", "FD", "FS", "XZ"}
    parts = zpl_commands(content)
    assert {name[:2] for name, _ in parts} == known
    assert [name for name, _ in parts].count("XA") == len(mixed_labels)
    assert [name for name, _ in parts].count("XZ") == len(mixed_labels)
    for character in map(chr, range(0x250)):
        assert not set(escaped(character)) - set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;/()+-#=*_"
        )
        assert unescaped(escaped(character)) == character


def test_zpl_has_its_size_in_dots_and_refuses_sheet_layouts(
    mixed_labels: list[labels.Label],
) -> None:
    fields = dict(zpl_commands(labels.to_zpl(mixed_labels[:1], labels.layout_of("62x29"))))
    assert (fields["PW"], fields["LL"]) == (str(round(62 / DOT)), str(round(29 / DOT)))
    with pytest.raises(InvalidInput, match="single labels"):
        labels.to_zpl(mixed_labels[:1], labels.layout_of("a4-3x8"))


def test_code_drawn_from_zpl_can_be_scanned(mixed_labels: list[labels.Label]) -> None:
    """Draw a barcode from the data in the ZPL, as a printer does, and scan it."""
    layout = labels.layout_of("62x29")
    for label, (kind, code, _) in zip(
        mixed_labels[:-1], zpl_labels(labels.to_zpl(mixed_labels[:-1], layout)), strict=True
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
        assert f"{read.symbology_identifier}{read.bytes.decode()}" == scan_of(label)


# --- fonts, libraries and output ------------------------------------------------------------------


def test_fonts_have_the_published_checksums() -> None:
    published = dict(
        re.findall(r"^\| (\S+\.ttf) \| `([^`]+)` \|", (pdf.FONTS / "README.md").read_text(), re.M)
    )
    for path in pdf.FONTS.glob("*.ttf"):
        digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        assert published.pop(path.name) == digest
    assert not published
    assert "Bitstream Vera" in (pdf.FONTS / "LICENSE").read_text("utf-8", "replace")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Bolt M8", "Bolt M8"),
        ("\u0645\u0633\u0645\u0627\u0631", "\ufead\ufe8e\ufee4\ufeb4\ufee3"),  # nail
        ("\u0645\u0633 M8", "M8 \ufeb2\ufee3"),
        ("\u05de\u05e1 12", "12 \u05e1\u05de"),
        ("LOT 7 \u05de\u05e1", "LOT 7 \u05e1\u05de"),
    ],
)
def test_text_is_drawn_in_the_direction_of_its_script(text: str, drawn: str) -> None:
    assert pdf.in_visual_order(text) == drawn


def test_the_font_has_the_joined_letters_of_arabic() -> None:
    for bold in (False, True):
        assert pdf._MISSING not in pdf._writable("\u0645\u0633\u0645\u0627\u0631", bold)


def test_missing_glyph_does_not_fail() -> None:
    label = labels.Label("qr", "INV1I1X000000", (labels.content.Line("中文 ok"),))
    assert labels.to_pdf([label], labels.layout_of("62x29")).startswith(b"%PDF")


def test_application_start_does_not_import_label_libraries() -> None:
    program = (
        "import json, sys, inventory; inventory.create_app;"
        "print(json.dumps([name for name in ('biip', 'zxingcpp', 'reportlab', 'PIL')"
        " if name in sys.modules]))"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(process.stdout) == []


def test_pdf_is_reproducible(mixed_labels: list[labels.Label]) -> None:
    layout = labels.layout_of("62x29")
    first = labels.to_pdf(mixed_labels[:3], layout)
    assert first == labels.to_pdf(mixed_labels[:3], layout)
    assert io.BytesIO(first).read(5) == b"%PDF-"
