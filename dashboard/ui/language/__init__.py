"""The language of a page: its sentences from catalogues, its dates as CLDR has them."""

from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

import streamlit as st
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner import get_script_run_ctx

ENGLISH: Final = "en"
GERMAN: Final = "de"
LANGUAGES: Final = (ENGLISH, GERMAN)
CATALOGUES: Final = Path(__file__).parent / "catalogues"
_CHOSEN: Final = "chartroom_language"
_LONG: Final = {ENGLISH: "d MMMM y", GERMAN: "d. MMMM y"}


def current_language() -> str:
    """Return the language of the page whose run this is; English outside of any.

    It is asked of the session at each sentence: fragments run without the shell, in
    threads of their own, so a variable that the shell set would not be there.
    """
    if get_script_run_ctx() is None:
        return ENGLISH
    chosen = st.session_state.get(_CHOSEN, ENGLISH)
    return chosen if chosen in LANGUAGES else ENGLISH


def choose_language(language: str) -> None:
    """Have this session's pages speak a language; raises ValueError."""
    if language not in LANGUAGES:
        raise ValueError(f"{language!r} is none of {', '.join(LANGUAGES)}")
    st.session_state[_CHOSEN] = language


def gettext(message: str) -> str:
    """Return a sentence in the language of the page."""
    return _translations(current_language()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a sentence that goes with a count."""
    return _translations(current_language()).ngettext(one, many, count)


def long_date(day: date) -> str:
    """Return the day with its month in words: 5 March 1980, 5. März 1980."""
    language = current_language()
    return format_date(day, _LONG[language], locale=language)


def weekday(day: date) -> str:
    """Return the name of the day of the week."""
    return format_date(day, "EEEE", locale=current_language())


def short_month(day: date) -> str:
    """Return month and year as an axis has room for: Nov 26."""
    return format_date(day, "LLL yy", locale=current_language())


@cache
def _translations(language: str) -> NullTranslations:
    """Return a language's sentences, compiled from its catalogues once a process."""
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
