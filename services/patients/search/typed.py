"""What is typed into the search box: parts of a name, a day of birth, or an id."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, true

from db.models.patient import Patient
from services.core.errors import InvalidInput
from services.lists.criteria.dates import find_date
from services.lists.criteria.patterns import beginning_a_word

_MAX_WORDS: Final = 10
_SEPARATORS: Final = re.compile(r"[\s'’´`.,;-]+")


@dataclass(frozen=True, slots=True)
class SearchShape:
    """Which kinds of things a search names; `is_hopeless` if it names nothing."""

    has_id: bool = False
    dates: int = 0
    words: int = 0
    is_hopeless: bool = False


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """A search taken apart."""

    patient_id: UUID | None = None
    dates: tuple[date, ...] = ()
    words: tuple[str, ...] = ()
    is_blank: bool = False

    @property
    def shape(self) -> SearchShape:
        """Return the search without what was typed."""
        has_id = self.patient_id is not None
        is_hopeless = not (has_id or self.dates or self.words or self.is_blank)
        return SearchShape(has_id, len(self.dates), len(self.words), is_hopeless)

    @property
    def parameters(self) -> dict[str, object]:
        """The values as `condition` names them; the words must have been folded."""
        named: dict[str, object] = {
            _word(n): beginning_a_word(word) for n, word in enumerate(self.words)
        }
        named |= {_date(n): day for n, day in enumerate(self.dates)}
        if self.patient_id:
            named["searched_id"] = self.patient_id
        return named

    def folded(self, folded: Mapping[str, str]) -> "PatientSearch":
        """Return the search with its words folded."""
        return replace(self, words=tuple(folded[word] for word in self.words))


def read(typed: str) -> PatientSearch:
    """Take a search apart: an id alone, or words of the name beside a day of birth.

    A date that can mean two days finds who was born on either. Raises InvalidInput.
    """
    text = typed.strip()
    if not text:
        return PatientSearch(is_blank=True)
    try:
        return PatientSearch(patient_id=UUID(text))
    except ValueError:
        pass
    days, around = find_date(text)
    return PatientSearch(dates=days, words=_words(around))


def condition(shape: SearchShape) -> ColumnElement[bool]:
    """Return the condition on the parameters that PatientSearch.parameters names."""
    if shape.is_hopeless:
        return false()
    parts: list[ColumnElement[bool]] = [
        Patient.name_key.bool_op("~")(bindparam(_word(n))) for n in range(shape.words)
    ]
    if shape.has_id:
        parts.append(Patient.id == bindparam("searched_id"))
    if shape.dates:
        born = Patient.date_of_birth
        parts.append(or_(*(born == bindparam(_date(n)) for n in range(shape.dates))))
    return and_(*parts) if parts else true()


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word for word in _SEPARATORS.split(text) if word)
    if len(words) > _MAX_WORDS:
        raise InvalidInput("search", f"Search for at most {_MAX_WORDS} words.")
    return words


def _word(position: int) -> str:
    return f"word_{position}"


def _date(position: int) -> str:
    return f"date_{position}"
