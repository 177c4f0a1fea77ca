"""Guesses from a file about its paper: a title and a date, for somebody to correct."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.core.typed_text import tidy_line
from services.documents.records.rules import (
    EARLIEST_PAPER,
    LONGEST_TITLE,
    stem_of,
)

# A letter has its date on the first page, and seldom below the first paragraphs.
_PAGES: Final = 2
_CHARACTERS: Final = 20_000
_LONGEST: Final = 80
# Names that scanners, cameras and programs give to files mean nothing.
_SAYS_NOTHING: Final = re.compile(
    r"(scan|img|dsc|pxl|image|photo|document|dokument|doc|file|untitled|unnamed|"
    r"print|output|whatsapp image|screenshot)?[\s_().-]*[\da-f\s_().-]*(at)?",
    re.IGNORECASE,
)
_LETTERS: Final = re.compile(r"[^\W\d_]{3}")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner",
            "feb february februar",
            "mar march märz mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
_NAMES: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE: Final = re.compile(
    r"(?<![\d.,/-])(?:"
    r"(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})[./](?P<m2>\d{1,2})[./](?P<y2>\d{4})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?P<m3>{_NAMES})\.?,?\s+(?P<y3>\d{{4}})"
    rf"|(?P<m4>{_NAMES})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y4>\d{{4}})"
    r")(?![\d/-])",
    re.IGNORECASE,
)
# Text right before a date of birth, which is not the paper's date.
_OF_BIRTH: Final = re.compile(
    r"(born|birth|d\.?o\.?b\.?|geb\.?|geboren|geburtsdatum)[^\d\n]{0,12}$",
    re.IGNORECASE,
)
_OF_PAPER: Final = re.compile(
    r"(date|dated|datum|vom|issued|reported)[^\d\n]{0,12}$", re.IGNORECASE
)
_BEFORE: Final = 30


@dataclass(frozen=True, slots=True)
class PaperGuess:
    """A likely title of a paper, and its likely date."""

    title: str
    dated_on: date | None


def guess_paper(filename: str, text: Sequence[str], *, today: date) -> PaperGuess:
    """Guess a title and a date from a file's name and the text of its pages.

    The file name is the title if a person chose it, else the first line is. The date is
    never in the future, before 1900, or a date of birth.
    """
    begin = "\n".join(text[:_PAGES])[:_CHARACTERS]
    return PaperGuess(_title(filename, begin), _dated_on(begin, today))


def _title(filename: str, text: str) -> str:
    named = stem_of(filename).replace("_", " ")
    # A file's name can be longer than a title.
    stem = tidy_line(named)[:LONGEST_TITLE].rstrip()
    if not _SAYS_NOTHING.fullmatch(stem):
        return stem
    lines = (tidy_line(line) for line in text.splitlines())
    first = next((line for line in lines if _LETTERS.search(line)), "")
    return first if 0 < len(first) <= _LONGEST else stem


def _dated_on(text: str, today: date) -> date | None:
    """Return the first date that is marked as the paper's, else the first one."""
    possible = [
        (day, before)
        for day, before in _dates(text)
        if EARLIEST_PAPER <= day <= today and not _OF_BIRTH.search(before)
    ]
    called = (day for day, before in possible if _OF_PAPER.search(before))
    return next(called, possible[0][0] if possible else None)


def _dates(text: str) -> Iterator[tuple[date, str]]:
    """Yield dates (31/12; 12/31 if only that is possible) and the text before each."""
    for match in _DATE.finditer(text):
        given = {name[0]: value for name, value in match.groupdict().items() if value}
        month_name = given["m"].casefold()
        day, year = int(given["d"]), int(given["y"])
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        months_last = 12
        # The pattern also takes letters that only count as equal, such as ı for i.
        with suppress(ValueError):
            month = _MONTHS.get(month_name) or int(month_name)
            if month > months_last >= day:
                day, month = month, day
            yield date(year, month, day), before
