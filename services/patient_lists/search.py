"""What is typed into the search box: parts of a name, a day of birth, or an id."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, func, true

from db.models import Patient
from services.criteria import values
from services.criteria.sql import beginning_a_word

_MAX_WORDS: Final = 10
_SEPARATORS: Final = re.compile(r"[\s'’´`.,;-]+")


@dataclass(frozen=True, slots=True)
class SearchShape:
    """Which kinds of things a search names; `is_hopeless` if it names nothing."""

    has_id: bool = False
    has_date: bool = False
    words: int = 0
    is_hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A search taken apart."""

    patient_id: UUID | None = None
    date_of_birth: date | None = None
    words: tuple[str, ...] = ()
    is_blank: bool = False

    @property
    def shape(self) -> SearchShape:
        """Return the search without what was typed."""
        has_id, has_date = self.patient_id is not None, self.date_of_birth is not None
        names_something = has_id or has_date or bool(self.words)
        return SearchShape(
            has_id, has_date, len(self.words), not (self.is_blank or names_something)
        )

    def parameters(self) -> dict[str, object]:
        """Name the values as `condition` does."""
        named: dict[str, object] = {_word(n): w for n, w in enumerate(self.words)}
        if self.patient_id:
            named["searched_id"] = self.patient_id
        if self.date_of_birth:
            named["searched_date"] = self.date_of_birth
        return named


def read(typed: str) -> Search:
    """Take a search apart: an id alone, or words of the name beside a day of birth."""
    text = typed.strip()
    if not text:
        return Search(is_blank=True)
    try:
        return Search(patient_id=UUID(text))
    except ValueError:
        pass
    for match in values.DATE_SPELLINGS.finditer(text):
        if born := values.date_in(match):
            around = f"{text[: match.start()]} {text[match.end() :]}"
            return Search(date_of_birth=born, words=_words(around))
    return Search(words=_words(text))


def condition(shape: SearchShape) -> ColumnElement[bool]:
    """Return the condition on the parameters that Search.parameters names."""
    if shape.is_hopeless:
        return false()
    parts: list[ColumnElement[bool]] = [
        Patient.name_key.bool_op("~")(beginning_a_word(func.fold(bindparam(_word(n)))))
        for n in range(shape.words)
    ]
    if shape.has_id:
        parts.append(Patient.id == bindparam("searched_id"))
    if shape.has_date:
        parts.append(Patient.date_of_birth == bindparam("searched_date"))
    return and_(true(), *parts)


def _words(text: str) -> tuple[str, ...]:
    words = [word for word in _SEPARATORS.split(text) if word]
    return tuple(words[:_MAX_WORDS])


def _word(position: int) -> str:
    return f"word_{position}"
