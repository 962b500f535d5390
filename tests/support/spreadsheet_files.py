"""Build spreadsheet files from raw XML parts, so that tests can make unusual or broken ones."""

from __future__ import annotations

import io
import zipfile

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_ODS_HEAD = (
    f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0"'
    f' xmlns:text="{_ODF}:text:1.0" xmlns:calcext="urn:org:documentfoundation:names:experimental:'
    'calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>'
)
_ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"


def zipped(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def xlsx_parts(
    rows: str = "",
    *,
    sheets: int = 1,
    texts: str = "",
    before: str = "",
    after: str = "",
    calculation: str = "",
) -> dict[str, str | bytes]:
    """Return the parts of a workbook. `rows` is the content of `sheetData` of every sheet."""
    names = "".join(
        f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, sheets + 1)
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        for n in range(1, sheets + 1)
    )
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
        f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}'
        f"</sheets>{calculation}</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}'
        f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}">{before}<sheetData>{rows}'
        f"</sheetData>{after}</worksheet>",
    }


def xlsx(rows: str = "", **more: str | int) -> bytes:
    return zipped(xlsx_parts(rows, **more))  # type: ignore[arg-type]


def text_cell(address: str, text: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t>{text}</t></is></c>'


def xlsx_row(number: int, *texts: str) -> str:
    cells = (text_cell(f"{chr(65 + n)}{number}", text) for n, text in enumerate(texts))
    return f'<row r="{number}">{"".join(cells)}</row>'


def ods_cell(text: str, more: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p>'
        "</table:table-cell>"
    )


def ods_row(*texts: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(map(ods_cell, texts))}</table:table-row>"


def ods_parts(rows: str) -> dict[str, str | bytes]:
    table = f'<table:table table:name="Sheet1">{rows}</table:table>'
    return {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": f"{_ODS_HEAD}{table}{_ODS_TAIL}",
    }


def ods(rows: str) -> bytes:
    return zipped(ods_parts(rows))
