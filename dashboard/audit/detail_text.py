"""The details of an entry of the audit log, in the language and on the clock of a page.

The log keeps days and times as ISO 8601, and what was said of the servers as plain
English text. Its file for programs has them as they were kept.
"""

import re
from datetime import date, datetime
from typing import Final

from dashboard.ui.language import filled, gettext as _, long_date
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import at, to_the_second
from services.core.sentences import Sentence

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", re.ASCII
)
# As kept sentences have times.
_IN_UTC: Final = re.compile(r"(\d{4}-\d\d-\d\d), (\d\d:\d\d) UTC", re.ASCII)
# Typed by somebody: a tag can be called 2026-11-30.
_TYPED: Final = frozenset({"name", "unit", "choices"})


def detail_text(details: str) -> str:
    """Return the details as the page's reader reads them."""
    if not isinstance(details, Sentence):
        return details
    return filled(
        details.message,
        {name: _part(part) for name, part in details.values.items()},
    )


def _part(part: str) -> str:
    if not isinstance(part, Sentence):
        return part
    if not part.values:
        return _IN_UTC.sub(_on_clock, translate_recorded(str(part)))
    if part.values.get("field") in _TYPED:
        return _said(part)
    return _said(part, has_times=True)


def _on_clock(time: re.Match[str]) -> str:
    """Return a time that was kept in UTC on the clinic's clock; no time as it is."""
    try:
        return at(datetime.fromisoformat(f"{time[1]}T{time[2]}Z"))
    except ValueError:
        return time[0]


def _said(sentence: Sentence, *, has_times: bool = False) -> str:
    """Return a sentence of the log with its values in the language of the page."""
    values: dict[str, object] = {}
    for name, value in sentence.values.items():
        match value:
            case Sentence():
                values[name] = _said(value, has_times=has_times)
            case str() if has_times:
                values[name] = _written(value)
            case _:
                values[name] = value
    return filled(_(sentence.message), values)


def _written(value: str) -> str:
    """Return a day or a time as its reader writes it; anything else as it is."""
    try:
        if _DAY.fullmatch(value):
            return long_date(date.fromisoformat(value))
        if _TIME.fullmatch(value):
            return to_the_second(datetime.fromisoformat(value))
    except ValueError:
        pass
    return value
