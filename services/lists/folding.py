"""Typed text in the folded form in which names and terms are compared."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, Text, cast, func, literal_column
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.lists.criteria.patterns import containing
from services.lists.criteria.shape import FoldedText, TermLookup
from services.lists.statements import run

# What precedes a name without being part of it, in folded form: a title in English or
# German, the faculty after it ("dr. med."), and forms of address. Something of the name
# must remain. Valid in both PostgreSQL and Python.
_TITLES: Final = (
    r"^((((univ|apl|assoc|asst|hon)[.]?[- ]*)?"
    r"(prof|professor|professorin|dr|drs|dres|doctor|doktor|pd|priv[.]?-?doz|"
    r"privatdozent|privatdozentin|dipl[.]?-?(med|psych|biol|ing)|"
    r"mr|mrs|ms|mx|miss|herr|frau|sister|schwester)([.][- ]*|[- ]+)"
    r"((med|dent|vet|univ|rer|nat|phil|habil|hum|biol|sc|theol|jur|iur|mult)[.] *|"
    r"h[.] *c[.] *|(med|dent) +)*)+)(?=[^ ])"
)
_TITLED: Final = re.compile(_TITLES)
_FOLD: Final = "SELECT text, fold(text) FROM unnest(%(texts)s) AS text"


def fold(session: Session, texts: Iterable[str]) -> dict[str, str]:
    """Return each text with its folded form.

    The table of accents is in the database, which is queried only if there may be any:
    calling fold() within a list's own statement would cost as much as planning it.
    """
    folded = {text: text.lower() for text in texts}
    if accented := [text for text in folded if not text.isascii()]:
        folded.update(run(session, _FOLD, {"texts": accented}))
    return folded


def comparable(value: object, folded: Mapping[str, str]) -> object:
    """Return typed text in the form of its column; everything else unchanged."""
    match value:
        case FoldedText(text, is_pattern, has_accents):
            text = text.lower() if has_accents else folded[text]
            return containing(text) if is_pattern else text
        case TermLookup():
            return replace(value, text=folded[value.text])
        case _:
            return value


def by_name(
    name: ColumnElement[str] | InstrumentedAttribute[str],
) -> ColumnElement[str]:
    """Return the sort key for people with a single name: the name without its title.

    "Dr. Amara Okafor" is sorted under A. Which word is the family name is unknown;
    somebody entered as "Okafor, Amara" is sorted by that.
    """
    titles = literal_column(f"'{_TITLES}'", Text)
    untitled = func.regexp_replace(func.fold(name), titles, literal_column("''"))
    return cast(untitled, Text).collate("C")


def by_shown_name(name: str) -> tuple[str, str]:
    """Return the sort key of a name that was read already, as `by_name` sorts."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    folded = "".join(part for part in parts if not unicodedata.combining(part))
    return _TITLED.sub("", folded), name
