"""Error values and formulas without a value are reported, never read as empty cells."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from inventory import imports
from inventory.common.errors import InvalidInput
from inventory.db import connection, db
from inventory.imports import KINDS, CellFormat, Field, FileType, ImportJob, ParsedRows
from tests.support.spreadsheet_files import ods, ods_cell, ods_row, text_cell, xlsx, xlsx_row
from tests.support.stock_builder import Stock, key

#: Valid rows by kind of file. Columns that are not listed stay empty.
VALID = {
    "items": {"code": "NEW", "name": "New"},
    "stock": {"item": "BOLT", "lot_code": "NEW", "qty": "12"},
    "reorder-points": {"item": "BOLT", "reorder_point": "7"},
    "codes": {"code": "PALLET-7", "item": "BOLT"},
    "counts": {"item": "BOLT", "lot_code": "A", "counted": "12"},
}
COLUMNS = [
    pytest.param(kind, field, id=f"{kind.name}-{field.name}")
    for kind in KINDS.values()
    for field in kind.fields
]

ERROR = r"The spreadsheet has an error here \({}\)\. Fix the formula"
NO_VALUE = "The formula here has no stored value: .* Open the file in a spreadsheet program"
STALE = "The value of the formula here can be wrong: .* Open the file in a spreadsheet program"
NARROW = "shows only #### here: the column is too narrow"

#: Name: the XML of an XLSX cell with a placeholder for its address, and the error message.
XLSX_CELLS = {
    "#N/A": ('<c r="{}" t="e"><v>#N/A</v></c>', ERROR.format("#N/A")),
    "#REF! of a formula": ('<c r="{}" t="e"><f>A9</f><v>#REF!</v></c>', ERROR.format("#REF!")),
    "unnamed": ('<c r="{}" t="e"/>', ERROR.format("unknown error")),
    "no value": ('<c r="{}"><f>2+3</f></c>', NO_VALUE),
    "empty value": ('<c r="{}"><f>2+3</f><v/></c>', NO_VALUE),
    "blank value": ('<c r="{}"><f>2+3</f><v> </v></c>', NO_VALUE),
    "shared formula": ('<c r="{}"><f t="shared" si="0"/><v></v></c>', NO_VALUE),
    "text without value": ('<c r="{}" t="str"><f>A9</f></c>', NO_VALUE),
    "truth without value": ('<c r="{}" t="b"><f>A9</f><v/></c>', NO_VALUE),
    "error as text": ('<c r="{}" t="str"><f>A9</f><v>#NAME?</v></c>', ERROR.format(r"#NAME\?")),
    "typed error": ('<c r="{}" t="inlineStr"><is><t>#N/A</t></is></c>', ERROR.format("#N/A")),
}
#: Name: the XML of an ODS cell, and the error message.
_FORMULA = '<table:table-cell table:formula="of:=2+3"'
ODS_CELLS = {
    "#N/A": (
        f'{_FORMULA} office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>',
        ERROR.format("#N/A")),
    "without text": (f'{_FORMULA} calcext:value-type="error"/>', ERROR.format("unknown error")),
    "number shown as error": (
        f'{_FORMULA} office:value-type="float" office:value="0"><text:p>Err:502</text:p>'
        "</table:table-cell>", ERROR.format("Err:502")),
    "no value": (f"{_FORMULA}/>", NO_VALUE),
    "no number": (f'{_FORMULA} office:value-type="float"/>', NO_VALUE),
    "typed error": (ods_cell("#REF!"), ERROR.format("#REF!")),
}  # fmt: skip
TEXTS = {
    **{
        shown: (shown, ERROR.format(shown.replace("?", r"\?")))
        for shown in (
            "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!",
            "#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#¡REF!", "#¿NOMBRE?",
            "#N/D", "#N/B", "#VÄRDEFEL!", "#Н/Д", "#ССЫЛКА!", "#n/a", "Err:502",
        )
    },
    "hashes": ("####", NARROW),
}  # fmt: skip


def valid_row(kind: FileType) -> list[str]:
    return [VALID[kind.name].get(field.name, "") for field in kind.fields]


def xlsx_file(kind: FileType, field: Field, cell: str, **more: str) -> bytes:
    """Return a file with a valid row in which the cell of one column is replaced."""
    index = kind.fields.index(field)
    cells = [text_cell(f"{chr(65 + n)}2", text) for n, text in enumerate(valid_row(kind)) if text]
    cells = [other for other in cells if f'"{chr(65 + index)}2"' not in other]
    headers = xlsx_row(1, *(column.label.replace("'", "&apos;") for column in kind.fields))
    return xlsx(
        f"{headers}<row r='2'>{''.join(cells)}{cell.format(f'{chr(65 + index)}2')}</row>", **more
    )


def ods_file(kind: FileType, field: Field, cell: str) -> bytes:
    cells = [ods_cell(text) for text in valid_row(kind)]
    cells[kind.fields.index(field)] = cell
    headers = ods_row(*(column.label.replace("'", "&apos;") for column in kind.fields))
    return ods(f"{headers}<table:table-row>{''.join(cells)}</table:table-row>")


def csv_file(kind: FileType, field: Field, cell: str) -> bytes:
    cells = valid_row(kind)
    cells[kind.fields.index(field)] = cell
    return f"{';'.join(column.label for column in kind.fields)}\n{';'.join(cells)}\n".encode()


def reading_of(kind: FileType, content: bytes) -> ParsedRows:
    table = imports.read_table(content)
    mapping = imports.validate_mapping(kind, table.headers, imports.guess(kind, table.headers))
    assert len(mapping) == len(kind.fields)
    return imports.read_rows(kind, table, mapping, CellFormat())


@pytest.fixture
def assert_imports_nothing(stock: Stock) -> Callable[[FileType, Field, bytes, str], None]:
    stock.lot("receive 12", lot_code="A")

    def check(kind: FileType, field: Field, content: bytes, message: str) -> None:
        job = ImportJob(kind=kind, reading=reading_of(kind, content), mapping={
            column.name: column.label for column in kind.fields})  # fmt: skip
        entries = stock.entries()
        db.session.rollback()
        report = imports.commit(job, file_name="a file", user_id=stock.user_id, key=key())
        [wrong] = [problem for problem in report.wrong if problem.column == field.label]
        assert (wrong.line, report.import_id) == (2, None)
        assert re.search(message, wrong.reason), (wrong.reason, message)
        assert stock.entries() == entries
        assert not list(connection().exec_driver_sql("SELECT 1 FROM imports"))

    return check


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_valid_row_can_be_imported(stock: Stock, kind: FileType) -> None:
    stock.lot("receive 12", lot_code="A")
    field = kind.fields[0]
    cell = text_cell("{}", valid_row(kind)[0])
    for content in (
        xlsx_file(kind, field, cell),
        ods_file(kind, field, ods_cell(valid_row(kind)[0])),
        csv_file(kind, field, valid_row(kind)[0]),
    ):
        reading = reading_of(kind, content)
        mapping = {column.name: column.label for column in kind.fields}
        db.session.rollback()
        report = imports.check(connection(), ImportJob(kind=kind, reading=reading, mapping=mapping))
        assert (report.wrong, report.rows) == ([], 1)


@pytest.mark.parametrize(("kind", "field"), COLUMNS)
def test_cell_error_in_any_column_imports_nothing(
    assert_imports_nothing: Callable[..., None], kind: FileType, field: Field
) -> None:
    for cell, message in XLSX_CELLS.values():
        assert_imports_nothing(kind, field, xlsx_file(kind, field, cell), message)
    for cell, message in ODS_CELLS.values():
        assert_imports_nothing(kind, field, ods_file(kind, field, cell), message)
    for text, message in TEXTS.values():
        assert_imports_nothing(kind, field, csv_file(kind, field, text), message)


@pytest.mark.parametrize(("kind", "field"), COLUMNS)
def test_formula_not_calculated_yet_imports_nothing(
    assert_imports_nothing: Callable[..., None], kind: FileType, field: Field
) -> None:
    """Some libraries write such formulas with the value 0."""
    cell = '<c r="{}"><f>2+3</f><v>0</v></c>'
    calculate_on_load = '<calcPr calcId="124519" fullCalcOnLoad="1"/>'
    assert_imports_nothing(
        kind, field, xlsx_file(kind, field, cell, calculation=calculate_on_load), STALE
    )


def test_formulas_with_a_value_are_read() -> None:
    cells = "".join(
        f'<c r="{column}2"{kind}><f>A9</f><v>{value}</v></c>'
        for column, kind, value in [
            ("A", ' t="str"', "BOLT"), ("B", ' t="str"', ""), ("C", "", "12.5"), ("D", ' t="b"', 1),
        ]
    )  # fmt: skip
    rows = xlsx_row(1, "a", "b", "c", "d") + f"<row r='2'>{cells}</row>"
    assert imports.read_table(xlsx(rows)).rows == [(2, ["BOLT", "", "12.5", "yes"])]
    cells = (
        f'{_FORMULA} office:value-type="string"><text:p>BOLT</text:p></table:table-cell>'
        f'{_FORMULA} office:value-type="string" office:string-value=""/>'
        f'{_FORMULA} office:value-type="float" office:value="12.5"><text:p>###</text:p>'
        "</table:table-cell>"
    )
    rows = f"{ods_row('a', 'b', 'c')}<table:table-row>{cells}</table:table-row>"
    assert imports.read_table(ods(rows)).rows == [(2, ["BOLT", "", "12.5"])]


@pytest.mark.parametrize(
    "text", ["#", "#1", "# 7", "##", "#hot", "#A-7", "No. #4!", "C#", "a:b", "Error:502"]
)
def test_text_that_looks_like_an_error_is_read(text: str) -> None:
    kind = KINDS["items"]
    reading = reading_of(kind, csv_file(kind, kind.field("name"), text))
    assert [row.values["name"] for row in reading.rows] == [text]


@pytest.mark.parametrize(
    "content",
    [
        xlsx(
            xlsx_row(1, "code", "name", "price")
            + f"<row r='2'>{text_cell('A2', 'A')}{text_cell('B2', 'Bolt')}"
            '<c r="C2" t="e"><v>#N/A</v></c><c r="D2"><f>2+3</f></c><c r="CW2" t="e"/></row>'
        ),
        ods(
            ods_row("code", "name", "price")
            + f"<table:table-row>{ods_cell('A')}{ods_cell('Bolt')}{ODS_CELLS['#N/A'][0]}"
            f"{_FORMULA}/></table:table-row>"
        ),
        b"code,name,price\nA,Bolt,#N/A,#REF!\n",
    ],
)
def test_error_in_a_column_that_is_not_imported_is_ignored(content: bytes) -> None:
    table = imports.read_table(content)
    mapping = imports.guess(KINDS["items"], table.headers)
    reading = imports.read_rows(KINDS["items"], table, mapping, CellFormat())
    assert (reading.wrong, [row.values["name"] for row in reading.rows]) == ([], ["Bolt"])
    assert table.samples(2) == ["#N/A"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            xlsx(
                f"<row r='3'>{text_cell('A3', 'item')}<c r='B3' t='e'><v>#REF!</v></c></row>"
                + xlsx_row(4, "A", "x")
            ),
            r"The column header in B3 cannot be read. The spreadsheet has an error here \(#REF!\)",
        ),
        (
            xlsx(
                f"<row r='1'>{text_cell('A1', 'item')}<c r='B1'><f>A9</f></c></row>"
                + xlsx_row(2, "A", "x")
            ),
            "The column header in B1 cannot be read. The formula here has no stored value",
        ),
        (b"item,#NAME?\nA,x\n", "The column header in B1 cannot be read"),
    ],
)
def test_error_in_a_column_header_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        imports.read_table(content)
    assert caught.value.field == "file"
