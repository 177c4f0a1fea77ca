"""Reading a clinic's list from CSV, with a problem for each line that is invalid."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from services.consultations import diagnoses, drugs
from services.consultations.code_lists.model import (
    ListKind,
    ListSource,
    UnreadableList,
)
from services.consultations.code_lists.rows import Entry
from services.consultations.diagnoses import Category
from services.consultations.drugs import ClinicDrug
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy, without_directions

MAX_BYTES: Final = 5 * 1024 * 1024
MOST_ENTRIES: Final = 20_000
# The columns of each kind's file; every line needs the first.
COLUMNS: Final[Mapping[ListKind, tuple[str, ...]]] = {
    ListKind.DRUGS: (
        "name",
        "form",
        "strength",
        "route",
        "atc_code",
        "active_ingredients",
    ),
    ListKind.DIAGNOSES: ("code", "term", "system", "other_words"),
}
_NEEDED: Final[Mapping[ListKind, tuple[str, ...]]] = {
    ListKind.DRUGS: ("name",),
    ListKind.DIAGNOSES: ("code", "term"),
}
_ALSO: Final = {
    "atc": "atc_code",
    "ingredients": "active_ingredients",
    "active_ingredient": "active_ingredients",
    "title": "term",
    "synonyms": "other_words",
}
_SYSTEMS: Final = {
    "": diagnoses.SYSTEM,
    "icd-10": diagnoses.SYSTEM,
    "icd-10-gm": "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
    "icd-10-cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icpc-2": "http://hl7.org/fhir/sid/icpc-2",
    "snomed ct": "http://snomed.info/sct",
}
# What is prescribed has to fit into one field of a prescription's line.
_LONGEST_LABEL: Final = 120
_LONGEST_FIELD: Final = 80
_LONGEST_TERM: Final = 200
_MOST_PARTS: Final = 20
_NAMELESS: Final = ""
_ATC: Final = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")
_CODE: Final = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.+*/-]{0,18}[0-9A-Za-z+*])?")
_URI: Final = re.compile(r"(?:https?://|urn:)[^\s]{1,190}")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """An invalid line of the file, by its number, and the reason."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class CodeFile:
    """The content of a file: its entries, and its invalid lines."""

    kind: ListKind
    entries: tuple[Entry, ...]
    problems: tuple[LineProblem, ...]


class _BadLine(Exception):
    """The reason why a line is invalid."""


def parse(kind: ListKind, content: bytes) -> CodeFile:
    """Parse a file. Raises UnreadableList if it is not a file of that kind at all."""
    entries: dict[str, Entry] = {}
    lines: dict[str, int] = {}
    problems = []
    for number, row in _rows(kind, content):
        try:
            _require_known_columns(row)
            entry = _drug(row) if kind is ListKind.DRUGS else _diagnosis(row)
            key = _once(entry, lines)
            entries[key], lines[key] = entry, number
        except _BadLine as refusal:
            problems.append(LineProblem(number, refusal.args[0]))
    if not entries and not problems:
        raise UnreadableList(
            "The file has no lines below its column names. An empty list would retire "
            "everything that the clinic has; choose the built-in list instead."
        )
    if len(entries) > MOST_ENTRIES:
        raise UnreadableList(
            Sentence(
                "The file has {number:,} entries. A list can have at most {most:,}: "
                "leave out what the clinic does not use.",
                number=len(entries),
                most=MOST_ENTRIES,
            )
        )
    return CodeFile(kind, tuple(entries.values()), tuple(problems))


def open_list(
    kind: str, path: Path, source: str | None
) -> tuple[CodeFile, ListSource | None]:
    """Read a file by its kind as typed; return it with the list to use from then on.

    Raises UnreadableList with every invalid line, and InvalidInput.
    """
    kinds, sources = tuple(ListKind), tuple(ListSource)
    if kind not in kinds:
        raise InvalidInput(
            "kind",
            Sentence(
                "{kind} is not a list: use {kinds}.",
                kind=kind,
                kinds=" or ".join(kinds),
            ),
        )
    if source is not None and source not in sources:
        raise InvalidInput(
            "use",
            Sentence(
                "{source} is not a choice: use {sources}.",
                source=source,
                sources=", ".join(sources),
            ),
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableList(
            Sentence(
                "{path} cannot be read: {reason}.", path=path, reason=error.strerror
            )
        ) from error
    file = parse(ListKind(kind), content)
    if file.problems:
        lines = "\n".join(map(str, file.problems))
        raise UnreadableList(
            Sentence("{lines}\nNothing was imported. Correct the file.", lines=lines)
        )
    return file, None if source is None else ListSource(source)


def _once(entry: Entry, lines: Mapping[str, int]) -> str:
    """Return the key that a list has once; a code counts in whatever system."""
    named = entry.code if isinstance(entry, Category) else entry.label
    if line := lines.get(named.casefold()):
        raise _BadLine(
            Sentence("“{named}” is already in line {number}.", named=named, number=line)
        )
    return named.casefold()


def _rows(kind: ListKind, content: bytes) -> list[tuple[int, dict[str, str]]]:
    if len(content) > MAX_BYTES:
        raise UnreadableList(
            Sentence(
                "The file is too large: at most {most} MB.", most=MAX_BYTES // 1024**2
            )
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableList(
            "The file is not in UTF-8. Save it as “CSV UTF-8” and choose it again."
        ) from error
    # Strict, so that a quotation mark that nothing closes does not swallow lines.
    reader = csv.reader(
        StringIO(text, newline=""), delimiter=_delimiter(text), strict=True
    )
    try:
        names = [_column(name) for name in next(reader, [])]
        _require_columns(kind, names)
        return [
            (reader.line_num, _row(names, cells))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise UnreadableList(
            Sentence(
                "Line {number} of the file is not CSV. Save it as CSV and choose it "
                "again.",
                number=reader.line_num,
            )
        ) from error


def _row(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells by column; those that are left over are in `_NAMELESS`."""
    row = dict(zip(names, map(_tidied, cells), strict=False))
    return row | {_NAMELESS: "".join(cells[len(names) :]).strip()}


def _require_known_columns(row: Mapping[str, str]) -> None:
    # Spreadsheets may write empty cells at the end of a line.
    if row[_NAMELESS]:
        raise _BadLine(
            "the line has more cells than there are columns. Put a cell that contains "
            "the separator in quotation marks."
        )


def _delimiter(text: str) -> str:
    """Return the separator of the columns, which in spreadsheets varies by country."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _column(name: str) -> str:
    plain = re.sub(r"[\s_-]+", "_", name.strip().casefold())
    return _ALSO.get(plain, plain)


def _require_columns(kind: ListKind, names: Sequence[str]) -> None:
    missing = [name for name in _NEEDED[kind] if name not in names]
    if missing:
        raise UnreadableList(
            Sentence(
                "The file has no column “{column}”. Its first line names the columns: "
                "{columns}.",
                column=missing[0],
                columns=", ".join(COLUMNS[kind]),
            )
        )
    twice = [name for name in COLUMNS[kind] if names.count(name) > 1]
    if twice:
        raise UnreadableList(
            Sentence(
                "The file has the column “{column}” twice. Remove one of them and "
                "choose the file again.",
                column=twice[0],
            )
        )


def _tidied(cell: str) -> str:
    return " ".join(tidy(without_directions(cell)).split())


def _drug(row: Mapping[str, str]) -> ClinicDrug:
    drug = ClinicDrug(
        name=row.get("name", ""),
        form=_field(row, "form", _LONGEST_FIELD),
        strength=_field(row, "strength", _LONGEST_FIELD),
        route=_field(row, "route", _LONGEST_FIELD).lower(),
        atc_code=_atc(row),
        ingredients=_parts(row, "active_ingredients"),
    )
    if not any(letter.isalpha() for letter in drug.name):
        raise _BadLine("the name is missing.")
    if len(drug.label) > _LONGEST_LABEL:
        raise _BadLine(
            Sentence(
                "name, strength and form are too long: at most {most} characters "
                "together.",
                most=_LONGEST_LABEL,
            )
        )
    _require_storable(drug.name)
    if not drug.ingredients and not drugs.BUILT_IN.recognise(drug.name).is_known:
        raise _BadLine(
            Sentence(
                "active ingredients of “{drug}” are missing, so allergies could not "
                "be checked. Enter them, separated by ; if there are several.",
                drug=drug.name,
            )
        )
    return drug


def _diagnosis(row: Mapping[str, str]) -> Category:
    code, term = row.get("code", ""), _field(row, "term", _LONGEST_TERM)
    if not code:
        raise _BadLine("the code is missing.")
    if not _CODE.fullmatch(code):
        raise _BadLine(
            Sentence(
                "“{code}” is not a code: use at most 20 letters, digits and . + * / "
                "-, without spaces.",
                code=code[:40],
            )
        )
    if not term:
        raise _BadLine("the term is missing.")
    return Category(code, term, _parts(row, "other_words"), _system(row))


def _system(row: Mapping[str, str]) -> str:
    named = row.get("system", "")
    if known := _SYSTEMS.get(named.casefold()):
        return known
    if not _URI.fullmatch(named):
        raise _BadLine(
            Sentence(
                "“{named}” is not a known system. Enter its address, or one of "
                "ICD-10, ICD-10-GM, ICD-10-CM, ICPC-2, SNOMED CT.",
                named=named[:40],
            )
        )
    return named


def _atc(row: Mapping[str, str]) -> str:
    code = row.get("atc_code", "").upper().replace(" ", "")
    if code and not _ATC.fullmatch(code):
        raise _BadLine(
            Sentence("“{code}” is not an ATC code such as J01CA04.", code=code[:40])
        )
    return code


def _field(row: Mapping[str, str], name: str, longest: int) -> str:
    text = row.get(name, "")
    if len(text) > longest:
        raise _BadLine(
            Sentence(
                "{column} is too long: at most {most} characters.",
                column=_spoken(name),
                most=longest,
            )
        )
    return _require_storable(text)


def _parts(row: Mapping[str, str], name: str) -> tuple[str, ...]:
    typed = (part.strip() for part in row.get(name, "").split(";"))
    parts = tuple(dict.fromkeys(filter(None, typed)))
    if len(parts) > _MOST_PARTS:
        raise _BadLine(
            Sentence(
                "{column} are more than {most}.", column=_spoken(name), most=_MOST_PARTS
            )
        )
    if any(len(part) > _LONGEST_LABEL for part in parts):
        raise _BadLine(
            Sentence(
                "one of {column} is too long: at most {most} characters. Separate "
                "several with ;.",
                column=_spoken(name),
                most=_LONGEST_LABEL,
            )
        )
    return tuple(map(_require_storable, parts))


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _require_storable(text: str) -> str:
    if not is_storable(text):
        raise _BadLine("it contains a character that cannot be stored.")
    return text
