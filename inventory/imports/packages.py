"""Zipped spreadsheets (XLSX, ODS), read as XML streams within fixed limits.

Sources: ECMA-376 Part 2 (Open Packaging Conventions), OpenDocument 1.3 Part 2 (Packages).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from inventory.imports.limits import MAX_TEXT, MAX_UNPACKED, UnreadableFile

Attributes = dict[str, str]

_CHUNK = 64 * 1024
#: A tag is parsed again with each chunk until it ends: long tags would take quadratic time.
_MAX_TAG = 1024 * 1024
_MAX_DEPTH = 100
#: Enough for cells and values of 50,000 rows of 100 columns.
_MAX_ELEMENTS = 12_000_000
_ENCODINGS = {None, "utf-8", "utf-16", "us-ascii", "iso-8859-1"}
_ENCRYPTED = 1
#: Exceptions of zipfile for damaged archives.
_DAMAGES = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, OverflowError,
    struct.error,
)  # fmt: skip


class Package:
    """The parts of a zipped spreadsheet, by case-insensitive name."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _DAMAGES:
            raise UnreadableFile("The spreadsheet is damaged. Save it again, or as CSV.") from None
        members = self._zip.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED:
            most = MAX_UNPACKED // 2**20
            raise UnreadableFile(f"The spreadsheet unpacks to more than {most} MB. Split it.")
        self._members = {_folded(member.filename): member for member in members}
        # Parts can be read twice, and a workbook can name the same part many times.
        self._left = 2 * MAX_UNPACKED

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._members

    def walk(self, name: str, walker: Walker) -> Iterator[None]:
        """Parse a part, and yield after each chunk.

        Raises:
            InvalidInput: the part is missing or damaged, or exceeds a limit.
        """
        parser = expat.ParserCreate()
        walker.attach(parser)
        fed = 0
        try:
            for chunk in self._chunks(name):
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > _MAX_TAG:
                    raise UnreadableFile(f"The spreadsheet is damaged: {name} has an endless tag.")
                walker.check_text()
                yield
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableFile(f"The spreadsheet is damaged: {name}: {error}.") from None
        yield

    def read(self, name: str, walker: Walker) -> None:
        """Parse a whole part if it exists."""
        if name in self:
            for _ in self.walk(name, walker):
                pass

    def _chunks(self, name: str) -> Iterator[bytes]:
        member = self._members.get(_folded(name))
        if member is None:
            raise UnreadableFile(f"The spreadsheet is damaged: {name} is missing.")
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableFile("The spreadsheet has a password. Save it without one.")
        # Only these two methods have a bounded expansion, and spreadsheet programs use no others.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableFile(f"The spreadsheet is damaged: {name} is packed in an unknown way.")
        try:
            with self._zip.open(member) as part:
                while chunk := part.read(_CHUNK):
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise UnreadableFile("The spreadsheet names the same parts too often.")
                    yield chunk
        except _DAMAGES:
            raise UnreadableFile(
                f"The spreadsheet is damaged: {name} cannot be unpacked."
            ) from None


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


class Walker:
    """Calls handlers for the elements of a part by name.

    Handlers without a prefix also match the prefix of the outermost element. Text is collected
    between `collect_text` and `ignore_text`; `check_text` limits its length.
    """

    def __init__(self) -> None:
        self._starts: dict[str, Callable[[Attributes], None]] = {}
        self._ends: dict[str, Callable[[], None]] = {}
        self._depth = self._elements = 0
        self._pieces: list[str] = []

    def handle(
        self,
        name: str,
        start: Callable[[Attributes], None] | None = None,
        end: Callable[[], None] | None = None,
    ) -> None:
        """Register handlers for an element."""
        if start:
            self._starts[name] = start
        if end:
            self._ends[name] = end

    def attach(self, parser: expat.XMLParserType) -> None:
        """Install the handlers in a parser."""
        self._parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start_outermost
        parser.EndElementHandler = self._end
        parser.XmlDeclHandler = _require_known_encoding
        parser.StartDoctypeDeclHandler = _refuse_doctype

    def _start_outermost(self, name: str, attributes: Attributes) -> None:
        prefix = name[: name.find(":") + 1]
        self._starts |= {f"{prefix}{one}": do for one, do in self._starts.items() if ":" not in one}
        self._ends |= {f"{prefix}{one}": do for one, do in self._ends.items() if ":" not in one}
        self._parser.StartElementHandler = self._start
        self._start(name, attributes)

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _MAX_DEPTH:
            raise UnreadableFile(f"The spreadsheet has more than {_MAX_DEPTH} nested elements.")
        if self._elements > _MAX_ELEMENTS:
            raise UnreadableFile(
                f"The spreadsheet has more than {_MAX_ELEMENTS:,} elements. Clear the formats of"
                " empty rows and columns, or save it as CSV."
            )
        handle = self._starts.get(name)
        if handle is not None:
            handle(attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        handle = self._ends.get(name)
        if handle is not None:
            handle()

    def collect_text(self) -> None:
        """Start collecting text."""
        self._parser.CharacterDataHandler = self._pieces.append

    def ignore_text(self) -> None:
        """Stop collecting text."""
        self._parser.CharacterDataHandler = None

    def check_text(self) -> None:
        """Check the length of the text collected so far.

        Raises:
            InvalidInput: the text is too long for a cell.
        """
        if sum(map(len, self._pieces)) > MAX_TEXT:
            raise UnreadableFile(f"{self.where()} has more than {MAX_TEXT:,} characters.")

    def take_text(self) -> str:
        """Return the text collected since the last call."""
        if len(self._pieces) > 1:
            self.check_text()
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    def where(self) -> str:
        """Return the location of the text, as the beginning of a sentence."""
        return "A text in the spreadsheet"


def _require_known_encoding(version: str, encoding: str | None, standalone: int) -> None:
    if (encoding.casefold() if encoding else None) not in _ENCODINGS:
        raise UnreadableFile("The spreadsheet is damaged: its text is in an unknown encoding.")


def _refuse_doctype(*_: object) -> None:
    """Refuse a DOCTYPE: only there can entities be declared.

    Entities can be external or expand without limit.
    """
    raise UnreadableFile("The spreadsheet is damaged: it has a DOCTYPE, which spreadsheets cannot.")
