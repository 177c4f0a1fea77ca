"""What is typed into the search box: a name, a birth, a number, an e-mail, an id."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from db.models.patient import Patient
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.criteria.dates import find_date
from services.lists.criteria.patterns import beginning, beginning_a_word
from services.patients.records import record_numbers

_MAX_WORDS: Final = 10
_PHONE: Final = re.compile(r"\+?[0-9 ()/.-]+")
_FEWEST_DIGITS: Final = 6
_MOST_OF_COUNTRY: Final = 3
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_SEPARATORS: Final = re.compile(r"[\s'’´`.,;-]+")
_UMLAUT: Final = re.compile("[äöüÄÖÜ]")
_VOWEL: Final = re.compile("([aou])e?")
# Müller as Mueller; but Bauer has no umlaut, nor may the end of what is typed be left
# out.
_SPELT_OUT: Final = re.compile("(?<![aeoq])([aou])e(?=[a-z])")
_LONG: Final = 5
# The O of obrien, after the pattern for the beginning of a word: O'Brien, D'Angelo.
_ELIDED: Final = re.compile(r"(?<=-\]\))[dlo](?=[a-z]{3})")


@dataclass(frozen=True, slots=True)
class SearchShape:
    """Which kinds of things a search names; `matches_nothing` if it names nothing."""

    has_id: bool = False
    has_number: bool = False
    has_email: bool = False
    has_phone: bool = False
    dates: int = 0
    years: int = 0
    words: int = 0
    matches_nothing: bool = False


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """A parsed search.

    `email` is the beginning of an address, `phone` digits without those that dial
    abroad. `domestic` are whole numbers by which one with a country code may be kept.
    """

    patient_id: UUID | None = None
    record_number: str = ""
    email: str = ""
    phone: str = ""
    domestic: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    years: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    is_blank: bool = False
    # Which words were typed with an umlaut, of which folding leaves the vowel.
    umlauts: frozenset[int] = frozenset()

    @property
    def shape(self) -> SearchShape:
        """Return the search without what was typed."""
        has_id = self.patient_id is not None
        has_contact = bool(self.email or self.phone or self.record_number)
        has_any = has_id or has_contact or self.dates or self.words or self.is_blank
        return SearchShape(
            has_id=has_id,
            has_number=bool(self.record_number),
            has_email=bool(self.email),
            has_phone=bool(self.phone),
            dates=len(self.dates),
            years=len(self.years),
            words=len(self.words),
            matches_nothing=not has_any,
        )

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of `condition`; the words must have been folded."""
        named: dict[str, object] = {
            _word(n): _respelt(beginning_a_word(word), word, n in self.umlauts)
            for n, word in enumerate(self.words)
        }
        named |= {_date(n): day for n, day in enumerate(self.dates)}
        named |= {_year(n): year for n, year in enumerate(self.years)}
        if self.email:
            named["searched_email"] = beginning(self.email)
        if self.phone:
            # As dialled at home and from abroad: +44 1632 ... is 01632 ...
            named["searched_phone"] = beginning(self.phone)
            named["searched_number"] = beginning(self.phone.lstrip("0")[::-1])
            named["searched_domestic"] = list(self.domestic)
        if self.record_number:
            named["searched_record_number"] = self.record_number
        if self.patient_id:
            named["searched_id"] = self.patient_id
        return named

    def folded(self, folded: Mapping[str, str]) -> "PatientSearch":
        """Return the search with its words folded."""
        umlauts = frozenset(n for n, word in enumerate(self.words) if _has_umlaut(word))
        words = tuple(folded[word] for word in self.words)
        return replace(self, words=words, umlauts=umlauts)


def parse(typed: str) -> PatientSearch:
    """Parse a search.

    It is an id, a record number, a phone number or the beginning of an e-mail address
    alone, or words of the name beside a day or a year of birth. A date that can mean
    two days finds those born on either. Raises InvalidInput, also for a record number
    that cannot be right.
    """
    text = typed.strip()
    if not text:
        return PatientSearch(is_blank=True)
    try:
        return PatientSearch(patient_id=UUID(text))
    except ValueError:
        pass
    if "@" in text and not text.split()[1:]:
        return PatientSearch(email=text.lower())
    days, around = find_date(text)
    if days:
        return PatientSearch(dates=days, words=_words(around))
    phone, number = _phone(text), _record_number(text)
    if phone or number:
        return PatientSearch(
            phone=phone, record_number=number, domestic=_domestic(text, phone)
        )
    return _named(_words(around))


def _has_umlaut(word: str) -> bool:
    return _UMLAUT.search(unicodedata.normalize("NFC", word)) is not None


def _respelt(pattern: str, word: str, has_umlaut: bool) -> str:
    """Let a word's pattern match umlauts spelt out and an apostrophe left out."""
    pattern = _ELIDED.sub(r"\g<0>'?", pattern)
    if has_umlaut:
        return _VOWEL.sub(r"\1e?", pattern)
    # In short words two vowels are rather Joel or Zoe.
    return pattern if len(word) < _LONG else _SPELT_OUT.sub(r"\1e?", pattern)


def has_only_years(typed: str) -> bool:
    """Return whether a search has years of birth and no name: it finds nobody."""
    words = [word for word in _SEPARATORS.split(typed) if word]
    # A year alone would match half of the clinic.
    return bool(words) and all(map(_YEAR.fullmatch, words))


def _named(words: tuple[str, ...]) -> PatientSearch:
    """Separate years of birth from the words of a name."""
    years = tuple(word for word in words if _YEAR.fullmatch(word))
    names = tuple(word for word in words if word not in years)
    if not names:
        return PatientSearch(words=words)
    return PatientSearch(years=tuple(map(int, years)), words=names)


def condition(shape: SearchShape) -> ColumnElement[bool]:
    """Return the condition, with the parameters of PatientSearch.parameters."""
    if shape.matches_nothing:
        return false()
    parts: list[ColumnElement[bool]] = [
        Patient.name_key.bool_op("~")(bindparam(_word(n))) for n in range(shape.words)
    ]
    if shape.has_id:
        parts.append(Patient.id == bindparam("searched_id"))
    if shape.has_email:
        parts.append(Patient.email_key.like(bindparam("searched_email")))
    if shape.has_phone or shape.has_number:
        parts.append(or_(*_numbers(shape)))
    parts += [Patient.birth_year == bindparam(_year(n)) for n in range(shape.years)]
    if shape.dates:
        born = Patient.date_of_birth
        parts.append(or_(*(born == bindparam(_date(n)) for n in range(shape.dates))))
    return and_(*parts) if parts else true()


def _numbers(shape: SearchShape) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions for numbers: six digits can begin a phone number, too."""
    if shape.has_number:
        # An old label may show the number of a record that was merged into another.
        numbered = aliased(Patient)
        patient_id = select(func.coalesce(numbered.merged_into_id, numbered.id)).where(
            numbered.record_number == bindparam("searched_record_number")
        )
        yield Patient.id == patient_id.scalar_subquery()
    if shape.has_phone:
        yield Patient.phone_key.like(bindparam("searched_phone"))
        yield func.reverse(Patient.phone_key).like(bindparam("searched_number"))
        domestic = bindparam("searched_domestic", type_=ARRAY(Text))
        yield Patient.phone_key == func.any(domestic)


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word for word in _SEPARATORS.split(text) if word)
    if len(words) > _MAX_WORDS:
        raise InvalidInput(
            "search", Sentence("Search for at most {most} words.", most=_MAX_WORDS)
        )
    return words


def _phone(text: str) -> str:
    """Return the digits of what looks like a phone number, "" if it does not."""
    digits = "".join(re.findall(r"[0-9]", text))
    if not _PHONE.fullmatch(text) or len(digits) < _FEWEST_DIGITS:
        return ""
    # No number ends in zeros alone.
    return digits.removeprefix("00") if digits.strip("0") else ""


def _domestic(text: str, phone: str) -> tuple[str, ...]:
    """Return a number that was typed with a country code as it is dialled at home.

    A country code has one to three digits, and most countries dial a 0 in its place.
    """
    if not text.startswith(("+", "00")):
        return ()
    rests = [phone[digits:] for digits in range(1, _MOST_OF_COUNTRY + 1)]
    return tuple(zero + rest for rest in rests for zero in ("0", ""))


def _record_number(text: str) -> str:
    """Return the record number that was typed, "" if it is something else."""
    number = record_numbers.parse(text)
    if number is None or (number.isdecimal() and not record_numbers.is_valid(number)):
        return ""
    if not record_numbers.is_valid(number):
        raise InvalidInput(
            "search",
            "No record has this number: its last character does not fit the others. "
            "It was probably mistyped; compare it character by character.",
        )
    return number


def _word(position: int) -> str:
    return f"word_{position}"


def _date(position: int) -> str:
    return f"date_{position}"


def _year(position: int) -> str:
    return f"year_{position}"
