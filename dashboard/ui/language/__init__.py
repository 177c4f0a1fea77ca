"""The language of a page: its sentences from catalogues, its dates as CLDR has them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any, Final

import streamlit as st
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from streamlit.runtime.scriptrunner import get_script_run_ctx

from services.core.actors import LANGUAGES
from services.core.sentences import Label, Sentence, with_days

ENGLISH: Final = "en"
GERMAN: Final = "de"
# Each in its own language, for those who read no other.
LANGUAGE_NAMES: Final = {ENGLISH: "English", GERMAN: "Deutsch"}
CATALOGUES: Final = Path(__file__).parent / "catalogues"
_CHOSEN: Final = "chartroom_language"
# No line breaks between a German day and its month, and "5. März" at the beginning of a
# text does not become a numbered list in Markdown.
_DAY: Final = "d.\u00a0"
_LONG: Final = {ENGLISH: "d MMMM y", GERMAN: f"{_DAY}MMMM y"}
_SHORT: Final = {ENGLISH: "d MMM y", GERMAN: f"{_DAY}MMM y"}
_HEADING: Final = {ENGLISH: "EEE d MMM", GERMAN: f"EEE {_DAY}MMM"}


class _GermanFormatter(Formatter):
    """Writes 1.234,5 where Python writes 1,234.5."""

    _MARKS: Final = str.maketrans(",.", ".,")

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format one value as usual; numbers with German separators."""
        text = str(super().format_field(value, format_spec))
        return text.translate(self._MARKS) if isinstance(value, int | float) else text


_FORMATTERS: Final[Mapping[str, Formatter]] = {
    ENGLISH: Formatter(),
    GERMAN: _GermanFormatter(),
}
# For text outside of any page: forms without a session, e-mails, data for scripts.
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def current_language() -> str:
    """Return the language of the page that is running; English outside of any.

    The session is asked at each sentence: fragments run without the shell, in threads
    of their own, so a variable that the shell set would not be there.
    """
    if (spoken := _spoken.get()) is not None:
        return spoken
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    chosen = st.session_state.get(_CHOSEN, ENGLISH)
    return chosen if chosen in LANGUAGES else ENGLISH


def choose_language(language: str) -> None:
    """Have this session's pages use a language; raises ValueError."""
    _require_known(language)
    st.session_state[_CHOSEN] = language


@contextmanager
def using_language(language: str) -> Iterator[None]:
    """Use a language inside, whatever the session's is; raises ValueError."""
    _require_known(language)
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def gettext(message: str) -> str:
    """Return a sentence in the language of the page."""
    if isinstance(message, Label):
        translation = pgettext(message.context, str(message))
        if translation != message:
            return translation
    # The empty message is the catalogue's own header.
    return _translations(current_language()).gettext(message) if message else ""


def pgettext(context: str, message: str) -> str:
    """Return the translation of a sentence that differs by context."""
    return _translations(current_language()).pgettext(context, message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form of a sentence that agrees with a count."""
    return _translations(current_language()).ngettext(singular, plural, count)


def lowered(label: str) -> str:
    """Return a label as it is written within a sentence: German keeps its capitals."""
    return label if current_language() == GERMAN else label.lower()


def marked(message: str) -> str:
    """Return the sentence unchanged; the catalogues have it, and pages translate it."""
    return message


def translated(sentence: str) -> str:
    """Return a service's sentence in the language of the page, with its values."""
    dated = with_days(sentence, long_date)
    if not isinstance(dated, Sentence):
        return gettext(dated)
    values = {
        name: translated(value) if isinstance(value, Sentence) else value
        for name, value in dated.values.items()
    }
    return filled(gettext(dated.message), values)


def filled(message: str, values: Mapping[str, object]) -> str:
    """Put values into a message; numbers get the separators of the language."""
    return _FORMATTERS[current_language()].vformat(message, (), values)


def refusal_text(refusal: Exception) -> str:
    """Return the text of a refusal in the language of the page."""
    said = refusal.args[0] if refusal.args else ""
    return translated(said) if isinstance(said, str) else str(refusal)


def long_date(day: date) -> str:
    """Return the day with its month in words: 5 March 1980, 5. März 1980."""
    language = current_language()
    return format_date(day, _LONG[language], locale=language)


def short_date(day: date) -> str:
    """Return the day with its month abbreviated: 5 Mar 1980."""
    if (language := current_language()) == ENGLISH:
        # CLDR abbreviates September to four letters, and these are in columns.
        return f"{day.day} {day:%b %Y}"
    return format_date(day, _SHORT[language], locale=language)


def day_heading(day: date) -> str:
    """Return the day as it heads a column: Mon 23 Nov."""
    if (language := current_language()) == ENGLISH:
        return f"{day:%a} {day.day} {day:%b}"
    return format_date(day, _HEADING[language], locale=language)


def weekday_and_number(day: date) -> str:
    """Return the day as the label of a bar in a chart of a few weeks: Mon 23."""
    if (language := current_language()) == ENGLISH:
        return f"{day:%a} {day.day}"
    return format_date(day, "EEE d.", locale=language)


def day_and_month(day: date) -> str:
    """Return the day without its year: 5 Mar."""
    if (language := current_language()) == ENGLISH:
        return f"{day.day} {day:%b}"
    return format_date(day, f"{_DAY}MMM", locale=language)


def day_in_full(day: date) -> str:
    """Return the day with its weekday: Monday 23 November 2026."""
    separator = " " if current_language() == ENGLISH else ", "
    return f"{weekday(day)}{separator}{long_date(day)}"


def weekday(day: date) -> str:
    """Return the name of the day of the week."""
    return format_date(day, "EEEE", locale=current_language())


def short_weekday(day: date) -> str:
    """Return the abbreviated name of the day of the week: Mon."""
    return format_date(day, "EEE", locale=current_language())


def short_month(day: date) -> str:
    """Return month and year, short enough for an axis: Nov 26."""
    return format_date(day, "LLL yy", locale=current_language())


def month_and_year(day: date) -> str:
    """Return the abbreviated month with its full year: Nov 2026."""
    if (language := current_language()) == ENGLISH:
        return f"{day:%b %Y}"
    return format_date(day, "LLL y", locale=language)


def day_format() -> str:
    """Return the format of a field for a date: YYYY-MM-DD, or DD.MM.YYYY."""
    return "DD.MM.YYYY" if current_language() == GERMAN else "YYYY-MM-DD"


def long_month(day: date) -> str:
    """Return the month with its year: November 2026."""
    return format_date(day, "LLLL y", locale=current_language())


def decimal(number: float, places: int = 0) -> str:
    """Return a number with the separators of the language: 1,234.5 or 1.234,5."""
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(number, pattern, locale=current_language())


def percent(share: float, places: int = 0, *, most_places: int = 0) -> str:
    """Return a share in per cent: 45%, 45 %; with up to `most_places` decimals."""
    decimals = "0" * places + "#" * (most_places - places)
    space = "" if current_language() == ENGLISH else "\N{NO-BREAK SPACE}"
    pattern = f"#,##0{'.' if decimals else ''}{decimals}{space}%"
    return format_percent(share, pattern, locale=current_language())


def money(amount: Decimal, currency: str | None) -> str:
    """Return an amount in a currency of ISO 4217: €80.50 or 80,50 €; bare without."""
    if currency is None:
        return decimal(float(amount), 2)
    return format_currency(amount, currency, locale=current_language())


def catalogue(name: str) -> dict[str, str]:
    """Return the sentences of one catalogue in the language of the page, for scripts.

    Scripts have their English texts themselves, so for English this is empty.
    """
    return _scripted(current_language(), name)


def _require_known(language: str) -> None:
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is none of {', '.join(LANGUAGES)}")


@cache
def _scripted(language: str, name: str) -> dict[str, str]:
    path = CATALOGUES / language / f"{name}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    return {str(each.id): str(each.string) for each in read if each.id}


@cache
def _translations(language: str) -> NullTranslations:
    """Return a language's sentences, compiled from its catalogues once per process."""
    chain = NullTranslations()
    for path in sorted(CATALOGUES.glob(f"{language}/*.po")):
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
        compiled.seek(0)
        translations = GNUTranslations(compiled)
        translations.add_fallback(chain)
        chain = translations
    return chain
