"""How likely two records are of the same person, with the reasons.

Evidence is counted in bits, as Fellegi and Sunter taught: how much more often two
records of one person agree like this than two of different people, as a power of
two. docs/decisions/0004-duplicates.md derives the numbers.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

from services.core.sentences import Sentence
from services.patients.records.model import PatientDraft, PatientRecord, Sex
from services.patients.records.rules import EARLIEST_BIRTH

# At a million patients (2^20), a pair with 21 bits is more likely one person than two.
LIKELY: Final = 60
_BITS_FOR_100: Final = 35
_MAY_BE_SIBLINGS: Final = LIKELY - 5


class Likeness(IntEnum):
    """How similar two names are."""

    OTHER = 0
    SIMILAR = 1
    SAME = 2


_FIRST_NAME: Final = {Likeness.SAME: 6, Likeness.SIMILAR: 3, Likeness.OTHER: -6}
_LAST_NAME: Final = {Likeness.SAME: 8, Likeness.SIMILAR: 4, Likeness.OTHER: -4}
_NAMES_SWAPPED: Final = 8
_BIRTH_SAME: Final = 14
_BIRTH_SWAPPED: Final = 7
_BIRTH_ONE_SLIP: Final = 3
_BIRTH_OTHER: Final = -7
_PHONE: Final = (8, -1)
_EMAIL: Final = (10, -1)
_ADDRESS: Final = (5, 0)
_SEX: Final = (1, -5)

# A number with and without its country code is the same when this many digits agree.
_LEAST_DIGITS: Final = 9
_ONE_SLIP_FROM: Final = 4
_TWO_SLIPS_FROM: Final = 7

# Letters that are not a base letter with an accent, as PostgreSQL's unaccent maps them.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)


@dataclass(frozen=True, slots=True)
class Score:
    """A score from 0 to 100, and the evidence for and against, the weightiest first."""

    value: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Evidence:
    bits: int
    reason: str = ""


def score(draft: PatientDraft, record: PatientRecord) -> Score:
    """Score how likely the typed person is the one on record."""
    evidence = [
        _names(draft, record),
        _births(draft.date_of_birth, record.date_of_birth),
        *_contacts(draft, record),
    ]
    evidence.sort(key=lambda piece: piece.bits, reverse=True)
    bits = sum(piece.bits for piece in evidence)
    value = max(0, min(100, round(100 * bits / _BITS_FOR_100)))
    reasons = tuple(piece.reason for piece in evidence if piece.reason)
    if _may_be_siblings(draft, record):
        # Twins and siblings share a household: name, address and phone are then one
        # piece of evidence, not three, so however much agrees, it cannot decide.
        return Score(min(value, _MAY_BE_SIBLINGS), (*reasons, "possibly twins"))
    return Score(value, reasons)


def near_dates(day: date) -> tuple[date, ...]:
    """Return the dates that differ from the typed one by a single typing error."""
    digits = f"{day:%Y%m%d}"
    slips = {
        digits[:place] + digit + digits[place + 1 :]
        for place in range(len(digits))
        for digit in "0123456789"
    } | {
        digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        for place in range(len(digits) - 1)
    }
    days = filter(None, map(_as_date, slips - {digits}))
    return tuple(sorted(other for other in days if other >= EARLIEST_BIRTH))


def swapped_date(day: date) -> date | None:
    """Return the date with day and month swapped, if that is another valid date."""
    swapped = _as_date(f"{day:%Y%d%m}")
    return swapped if swapped != day else None


def compare_names(name: str, other: str) -> Likeness:
    """Compare as the front desk would: accents, case and hyphens do not count."""
    words, other_words = _words(name), _words(other)
    joined, other_joined = "".join(words), "".join(other_words)
    if joined == other_joined:
        return Likeness.SAME
    if _is_part_of(words, other_words) or _is_part_of(other_words, words):
        return Likeness.SIMILAR
    longer = max(len(joined), len(other_joined))
    allowed = (longer >= _ONE_SLIP_FROM) + (longer >= _TWO_SLIPS_FROM)
    if _slips(joined, other_joined) <= allowed:
        return Likeness.SIMILAR
    return Likeness.OTHER


def _names(draft: PatientDraft, record: PatientRecord) -> _Evidence:
    first = compare_names(draft.first_name, record.first_name)
    last = compare_names(draft.last_name, record.last_name)
    bits = _FIRST_NAME[first] + _LAST_NAME[last]
    if first and last:
        if first is last is Likeness.SAME:
            return _Evidence(bits, "same name")
        both = (
            f"{draft.first_name} {draft.last_name} / "
            f"{record.first_name} {record.last_name}"
        )
        return _Evidence(bits, Sentence("very similar name: {names}", names=both))
    if _are_swapped(draft, record):
        return _Evidence(_NAMES_SWAPPED, "first and last name swapped")
    if last:
        both = f"{draft.first_name} / {record.first_name}"
        return _Evidence(bits, Sentence("different first name: {names}", names=both))
    if first:
        both = f"{draft.last_name} / {record.last_name}"
        return _Evidence(bits, Sentence("different last name: {names}", names=both))
    return _Evidence(bits)


def _are_swapped(draft: PatientDraft, record: PatientRecord) -> bool:
    return (
        compare_names(draft.first_name, record.last_name) is Likeness.SAME
        and compare_names(draft.last_name, record.first_name) is Likeness.SAME
    )


def _births(birth: date, other: date) -> _Evidence:
    if birth == other:
        return _Evidence(_BIRTH_SAME, "same date of birth")
    if swapped_date(birth) == other:
        return _Evidence(_BIRTH_SWAPPED, "day and month swapped")
    if _slips(f"{birth:%Y%m%d}", f"{other:%Y%m%d}") == 1:
        return _Evidence(
            _BIRTH_ONE_SLIP,
            Sentence("date of birth one digit off: {days}", days=f"{birth} / {other}"),
        )
    return _Evidence(_BIRTH_OTHER, "different date of birth")


def _contacts(draft: PatientDraft, record: PatientRecord) -> Iterator[_Evidence]:
    if draft.email and record.email:
        is_same = draft.email.lower() == record.email.lower()
        yield _weigh(_EMAIL, is_same, "same e-mail")
    if draft.phone_number and record.phone_number:
        is_same = _is_same_phone(draft.phone_number, record.phone_number)
        yield _weigh(_PHONE, is_same, "same phone")
    if draft.address and record.address:
        is_same = _words(draft.address) == _words(record.address)
        yield _weigh(_ADDRESS, is_same, "same address")
    if Sex.UNKNOWN not in (draft.sex, record.sex):
        agrees, differs = _SEX
        is_same = draft.sex == record.sex
        yield _Evidence(agrees) if is_same else _Evidence(differs, "different sex")


def _weigh(weights: tuple[int, int], is_same: bool, reason: str) -> _Evidence:
    agrees, differs = weights
    return _Evidence(agrees, reason) if is_same else _Evidence(differs)


def _is_same_phone(phone: str, other: str) -> bool:
    shorter, longer = sorted((phone.lstrip("+0"), other.lstrip("+0")), key=len)
    return len(shorter) >= _LEAST_DIGITS and longer.endswith(shorter)


def _may_be_siblings(draft: PatientDraft, record: PatientRecord) -> bool:
    if draft.date_of_birth != record.date_of_birth:
        return False
    if not compare_names(draft.last_name, record.last_name):
        return False
    first = compare_names(draft.first_name, record.first_name)
    is_other_sex = (
        Sex.UNKNOWN not in (draft.sex, record.sex) and draft.sex != record.sex
    )
    return first is Likeness.OTHER or (first is Likeness.SIMILAR and is_other_sex)


def _words(text: str) -> list[str]:
    """Split into words of folded letters: "O'Brien-Łukasz" is obrien, lukasz."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(
        character for character in decomposed if not unicodedata.combining(character)
    ).translate(_LETTERS)
    return re.findall(r"\w+", re.sub(r"['’`.]", "", plain)) or [plain]


def _is_part_of(words: list[str], other: list[str]) -> bool:
    """Return whether every word, or its initial, is among the other name's words."""
    return all(
        any(word == whole or (len(word) == 1 and whole[0] == word) for whole in other)
        for word in words
    )


def _slips(text: str, other: str) -> int:
    """Count the letters that are wrong, extra, missing or transposed."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(text, start=1):
        now = [row]
        for column, other_letter in enumerate(other, start=1):
            least = min(
                last[column] + 1,
                now[column - 1] + 1,
                last[column - 1] + (letter != other_letter),
            )
            if (
                row > 1
                and column > 1
                and letter == other[column - 2]
                and text[row - 2] == other_letter
            ):
                least = min(least, before[column - 2] + 1)
            now.append(least)
        before, last = last, now
    return last[-1]


def _as_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
