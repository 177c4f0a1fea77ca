"""Days as people type them."""

import re
from datetime import date
from typing import Final

# By their first letters, in the languages of the pages.
_MONTHS: Final = {
    "jan": 1, "jän": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4,
    "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
    "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
_MONTH = (
    "jan(?:uary?)?|j[aäÄ]n(?:ner)?|feb(?:ruary?|er)?|mar(?:ch)?|m[äÄ]rz?|mrz|apr(?:il)?"
    "|may|mai|jun[ei]?|jul[iy]?|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?"
    "|nov(?:ember)?|de[cz](?:ember)?"
)
_SPELLINGS: Final = re.compile(
    rf"""
    (?<!\w)(?:
      (?P<y1>\d{{4}})(?P<s1>[./-])(?P<m1>\d{{1,2}})(?P=s1)(?P<d1>\d{{1,2}})
    | (?P<d2>\d{{1,2}})(?P<s2>[./-])(?P<m2>\d{{1,2}})(?P=s2)(?P<y2>\d{{4}})
    | (?P<d3>\d{{1,2}})\.?[ -]*(?P<m3>{_MONTH})\.?,?[ -]*(?P<y3>\d{{4}})
    | (?P<m4>{_MONTH})\.?\ *(?P<d4>\d{{1,2}}),?\ +(?P<y4>\d{{4}})
    )(?!\w)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_YEAR: Final = re.compile("(?:18|19|20)[0-9]{2}")


def read_date(text: str) -> date | None:
    """Parse 1980-01-31, 31.01.1980, 31/01/1980, 31. Jan 1980 or Jan 31, 1980.

    Months are parsed in English and German.

    Returns None also for what half of the world reads as another day, such as
    01/02/1980.
    """
    match = _SPELLINGS.fullmatch(text.strip())
    days = _days(match) if match else ()
    return days[0] if len(days) == 1 else None


def read_year(text: str) -> int | None:
    """Parse a year on its own, such as 1980."""
    return int(text) if _YEAR.fullmatch(text.strip()) else None


def find_date(text: str) -> tuple[tuple[date, ...], str]:
    """Return the days that a date in the text can mean, and the text around it."""
    for match in _SPELLINGS.finditer(text):
        if days := _days(match):
            return days, f"{text[: match.start()]} {text[match.end() :]}"
    return (), text


def _days(match: re.Match[str]) -> tuple[date, ...]:
    named = match.groupdict()
    spelling = next(n for n in "1234" if named[f"y{n}"])
    year, month, day = (named[f"{part}{spelling}"] for part in "ymd")
    readings = [(month, day)]
    if spelling == "2":
        readings.append((day, month))
    days = (_date(year, *reading) for reading in readings)
    return tuple(dict.fromkeys(day for day in days if day))


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), _month(month), int(day))
    except ValueError:
        return None


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS[text[:3].lower()]
