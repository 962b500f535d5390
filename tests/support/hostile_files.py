"""Small import files that can exhaust the memory or the time of a careless reader."""

from __future__ import annotations

import random
import struct
import zipfile

from tests.support.spreadsheet_files import (
    ods,
    ods_cell,
    ods_parts,
    ods_row,
    text_cell,
    xlsx,
    xlsx_parts,
    xlsx_row,
    zipped,
)

_HEAD = xlsx_row(1, "code", "name")
_ROWS = _HEAD + xlsx_row(2, "A", "Bolt")
_ODS_ROWS = ods_row("code", "name") + ods_row("A", "Bolt")
_REPEATED = ' table:number-rows-repeated="{}"'


def _with_cell(address: str, row: int) -> bytes:
    return xlsx(f'{_ROWS}<row r="{row}">{text_cell(address, "x")}</row>')


def _with_part(name: str, content: str) -> bytes:
    return zipped({**xlsx_parts(_ROWS), name: content})


def _with_sheet(change: tuple[str, str]) -> bytes:
    parts = xlsx_parts(_ROWS)
    name = "xl/worksheets/sheet1.xml"
    return zipped({**parts, name: str(parts[name]).replace(*change)})


def _with_false_size() -> bytes:
    """A zip member of 30 MB whose directory entry claims 100 bytes."""
    parts = xlsx_parts(_ROWS, texts="<si><t>text</t></si>" * 1_500_000)
    content = bytearray(zipped(parts))
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/sharedStrings.xml"))
    struct.pack_into("<I", content, directory + 24, 100)
    return bytes(content)


def _long_repeated_text() -> bytes:
    """A shared text used in 80,000 cells; its leading space can make a reader copy it each time."""
    cells = "".join('<c t="s"><v>0</v></c>' for _ in range(2))
    rows = "".join(f"<row>{cells}</row>" for _ in range(40_000))
    return xlsx(rows, texts=f"<si><t> {'x' * 100_000}</t></si>")


#: Name: the file and a part of its error message, or "" if the file can be read.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "last cell": (_with_cell("XFD1048576", 1_048_576), "Cell XFD1048576 of the sheet Sheet1"),
    "last cell of 100 columns": (
        _with_cell("CV1048576", 1_048_576), "Cell CV1048576 of the sheet Sheet1"),
    "last row": (_with_cell("A1048576", 1_048_576), ""),
    "row too far": (_with_cell("A1048577", 1_048_577), "no row 1048577, the last is 1,048,576"),
    "row much too far": (_with_cell("A9", 10**30), "the last is 1,048,576"),
    "column too far": (_with_cell("XFE3", 3), "there is no cell XFE3, the last is XFD1048576"),
    "long address": (_with_cell("A" * 9999 + "3", 3), "there is no cell AAA"),
    "address of another row": (_with_cell("A7", 3), "cell A7 is in row 3"),
    "no address": (xlsx(_ROWS + "<row><c><v>7</v></c></row>"), ""),
    "row twice": (xlsx(_ROWS + _HEAD), "row 1 comes after row 2"),
    "cell twice": (xlsx(_HEAD + f'<row r="2">{text_cell("A2", "A") * 2}</row>'), "A2 is there"),
    "too many cells": (xlsx(_ROWS + f"<row>{'<c/>' * 16_385}</row>"), "more than 16,384 cells"),
    "dimension": (xlsx(_ROWS, before='<dimension ref="A1:XFD1048576"/>'), ""),
    "merged cells": (
        xlsx(_ROWS, after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'), ""),
    "number": (xlsx(_HEAD + '<row r="2"><c r="A2"><v>1e999</v></c></row>'), "A2 has 1e999"),
    "no number": (xlsx(_HEAD + '<row r="2"><c r="A2"><v>nan</v></c></row>'), "A2 has nan"),
    "long number": (xlsx(_HEAD + f'<row r="2"><c r="A2"><v>{"9" * 9999}</v></c></row>'), "A2 has"),
    "date": (xlsx(_HEAD + '<row r="2"><c r="A2" s="1"><v>1e300</v></c></row>'), ""),
    "unknown text": (xlsx(_HEAD + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'), "A2 has a t"),
    "long text": (xlsx(_HEAD + xlsx_row(2, "x" * 200_000)), "A2 of the sheet Sheet1 has more"),
    "many texts": (xlsx(_ROWS, texts="<si/>" * 5_000_000), "more than 256 MB"),
    "long shared text": (_long_repeated_text(), ""),
    "empty cells": (xlsx(f"<row>{'<c/>' * 16_384}</row>" * 750), "more than 12,000,000 elements"),
    "deep": (_with_sheet(("<sheetData>", "<a>" * 200_000)), "more than 100 nested elements"),
    "endless tag": (_with_sheet(("<sheetData>", f'<a x="{"y" * 3_000_000}">')), "endless tag"),
    "entities": (
        _with_sheet(("<worksheet", '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><worksheet')),
        "DOCTYPE"),
    "encoding": (
        _with_sheet(("<worksheet", '<?xml version="1.0" encoding="shift_jis"?><worksheet')),
        "unknown encoding"),
    "many sheets": (xlsx("", sheets=5000), "more than 1,000 sheets"),
    "one part many times": (
        xlsx("", sheets=900, after=f"<!--{'x' * 1_000_000}-->"), "same parts too often"),
    "many formats": (
        _with_part("xl/styles.xml", f"<a><cellXfs>{'<xf/>' * 200_000}</cellXfs></a>"),
        "more than 100,000 cell formats"),
    "false size": (_with_false_size(), "cannot be unpacked|damaged"),
    "bzip2": (zipped(xlsx_parts(_ROWS), zipfile.ZIP_BZIP2), "packed in an unknown way"),
    "lzma": (zipped(xlsx_parts(_ROWS), zipfile.ZIP_LZMA), "packed in an unknown way"),
    "no sheet": (zipped({"a.txt": "a"}), "empty"),
    "not there": (_with_part("xl/_rels/workbook.xml.rels", str(
        xlsx_parts()["xl/_rels/workbook.xml.rels"]).replace("sheet1", "../../../x")), "missing"),
    "xlsb": (_with_part("xl/workbook.bin", ""), "XLSB"),
    "ods rows": (
        ods(_ODS_ROWS + ods_row("A", "x", more=_REPEATED.format(1_048_000))), "50,000 rows"),
    "ods empty rows": (
        ods(_ODS_ROWS + "<table:table-row table:number-rows-repeated='1000000'/>" + ods_row("B")),
        ""),
    "ods row too far": (
        ods(_ODS_ROWS + "<table:table-row table:number-rows-repeated='1048576'/>" + ods_row("B")),
        "more than 1,048,576 rows"),
    "ods no count": (
        ods(_ODS_ROWS + ods_row("A", more=_REPEATED.format("9" * 5000))), "row 3 is repeated 99"),
    "ods columns": (
        ods(_ODS_ROWS + "<table:table-row>"
            + ods_cell("x", ' table:number-columns-repeated="16384"') + "</table:table-row>"),
        "Cell CW3 of the sheet Sheet1"),
    "ods too many columns": (
        ods(_ODS_ROWS + "<table:table-row>"
            + ods_cell("x", ' table:number-columns-repeated="16385"') + "</table:table-row>"),
        "more than 16,384 cells"),
    "ods spaces": (ods(_ODS_ROWS + ods_row('a<text:s text:c="999999999"/>b')), ""),
    "ods long text": (ods(_ODS_ROWS + ods_row("x" * 200_000)), "Cell A3 of the sheet Sheet1 has"),
    "ods deep": (
        ods(_ODS_ROWS + "<table:table-row>" * 200_000), "more than 100 nested elements"),
    "csv cell": (b"code,name\nA," + b"x" * 8_000_000, "field larger than field limit"),
    "csv columns": (b"," * 8_000_000 + b"x\nA", "more than 100 columns"),
    "csv lines": (b"\n" * 8_000_000 + b"code,name\nA,Bolt\n", ""),
    "csv mark": (b"\xef\xbb\xbf", "no rows below"),
    "csv blanks": ("\u00a0\n\u2003".encode(), "no rows below"),
    "csv quotes": (b'code,name\nA,"' + b'""' * 4_000_000, "field larger than field limit|end of"),
}  # fmt: skip

#: Cases that need seconds or create a large file.
_SLOW = ("many texts", "one part many times", "empty cells")
SMALL: tuple[bytes, ...] = tuple(
    content
    for name, (content, _) in HOSTILE.items()
    if len(content) < 100_000 and name not in _SLOW
)


def mutants(dice: random.Random, count: int) -> list[bytes]:
    """Return valid files with some bytes changed, removed or repeated."""
    rows = '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" s="1"><v>46000.5</v></c></row>'
    rows += '<row r="4"><c r="A4" t="e"><v>#N/A</v></c><c r="B4"><f>2+3</f></c></row>'
    parts = [
        xlsx_parts(_ROWS + rows, texts="<si><r><t>Nut</t></r><rPh><t>n</t></rPh></si>"),
        ods_parts(_ODS_ROWS + ods_row("B", "Nut", more=_REPEATED.format(3))),
    ]
    texts = [
        b'code;name;qty\nA;"Bolt; long";1,5\nB;Nut;2\n', "code,name\nä,ö\n".encode("utf-16"),
        "\ufeffcode\tname\nA\tGröße\n".encode(),
    ]  # fmt: skip
    return [_mutant(dice, parts, texts) for _ in range(count)]


def _mutant(
    dice: random.Random, packages: list[dict[str, str | bytes]], texts: list[bytes]
) -> bytes:
    if dice.random() < 0.2:
        return _changed(dice, dice.choice(texts))
    parts = dict(dice.choice(packages))
    if dice.random() < 0.3:
        return _changed(dice, zipped(parts))
    name = dice.choice(sorted(parts))
    part = parts[name]
    content = part.encode() if isinstance(part, str) else part
    return zipped({**parts, name: _changed(dice, content)})


_PIECES = (
    b"", b"\0", b"<", b">", b"&", b'"', b"9", b"-1", b"99999999999999999999", b"</c>", b"<c>",
    b'<c r="XFD1048576">', b"</row><row>", b"\xff\xfe", b"&#0;", b"&#x10FFFF;", b"]]>",
    b"<![CDATA[", b"<!--", b"_xD800_", b"PK\x05\x06", b"\x1c", b"e999", b"<t>", b"</text:p>",
    b"r:id", b"\r",
)  # fmt: skip


def _changed(dice: random.Random, content: bytes) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        start = dice.randrange(len(content) + 1)
        end = min(len(content), start + dice.choice((0, 0, 1, 1, 2, 8, 40)))
        piece = dice.choice((*_PIECES, bytes([dice.randrange(256)]), content[start:end] * 3))
        content = content[:start] + piece + content[end:]
    return content
