"""What a prescription must contain, and warnings about its drugs."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from services.consultations.drugs import DrugList
from services.consultations.prescriptions.allergies import find_warning
from services.consultations.prescriptions.errors import (
    DrugWarnings,
    InvalidPrescription,
)
from services.consultations.prescriptions.records import (
    DraftPrescription,
    PrescriptionLine,
)
from services.core.errors import Problem
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy_line

MOST_LINES: Final = 20
LONGEST_DRUG: Final = 120
LONGEST_FIELD: Final = 80
LONGEST_NOTE: Final = 1000
SHORTEST_REASON: Final = 10
LONGEST_REASON: Final = 300
_WANTED: Final = {
    "drug": Sentence("the drug"),
    "dose": Sentence("the dose"),
    "frequency": Sentence("how often it is taken"),
    "duration": Sentence("for how long it is taken"),
}
_OPTIONAL: Final = {
    "route": Sentence("the route"),
    "quantity": Sentence("the quantity"),
    "repeats": Sentence("how often it is repeated"),
}
_FIELDS: Final = {**_WANTED, **_OPTIONAL}
_TYPED: Final = (*_FIELDS, "override_reason")
MOST_REPEATS: Final = 12
_MOST_NAMED: Final = 5
_REPEATS: Final = frozenset(str(number) for number in range(MOST_REPEATS + 1))
# "-3", "0 capsules" and "0,0 ml", but neither "0.5 ml" nor "1 to 2".
_NOTHING: Final = re.compile(r"[-\u2212]\s*\d|0+(?:[.,]0+)?(?![\d.,])")


def check_draft(draft: DraftPrescription) -> DraftPrescription:
    """Return the draft tidied up. Raises InvalidPrescription with every problem."""
    if problems := problems_of(draft):
        raise InvalidPrescription(*problems)
    return DraftPrescription(tuple(map(_tidied, draft.lines)), draft.note.strip())


def problems_of(draft: DraftPrescription) -> tuple[Problem, ...]:
    """Return the problems of what was typed, in the order of the form."""
    if not draft.lines:
        nothing = "Write at least one line: a drug and how to take it."
        return (Problem("lines", nothing),)
    if len(draft.lines) > MOST_LINES:
        too_many = Sentence(
            "A prescription can have at most {most} lines.", most=MOST_LINES
        )
        return (Problem("lines", too_many),)
    of_lines = (
        _of_numbered_line(index, name, words)
        for index, line in enumerate(draft.lines)
        for name, words in _of_line(_tidied(line))
    )
    return (*of_lines, *_of_note(draft.note.strip()))


def require_printable(
    lines: Iterable[PrescriptionLine],
    note: str,
    missing: Callable[[str], Sequence[str]],
) -> None:
    """Raise InvalidPrescription with the field that has an unprintable character.

    `missing` returns a text's characters that no font has.
    """
    for index, line in enumerate(lines):
        for name, field in _FIELDS.items():
            if characters := missing(getattr(line, name)):
                words = Sentence(
                    "{field} has characters that cannot be printed: {characters}. "
                    "Write it another way.",
                    field=field,
                    characters=" ".join(characters[:_MOST_NAMED]),
                )
                raise InvalidPrescription(_of_numbered_line(index, name, words))
    if characters := missing(note):
        words = Sentence(
            "The note has characters that cannot be printed: {characters}. Write it "
            "another way.",
            characters=" ".join(characters[:_MOST_NAMED]),
        )
        raise InvalidPrescription(Problem("note", words))


def find_warnings(
    lines: Iterable[PrescriptionLine], allergies: Iterable[str], drugs: DrugList
) -> tuple[PrescriptionLine, ...]:
    """Return the lines, each with the warning about its drug."""
    known = tuple(allergies)
    return tuple(
        replace(line, warning=find_warning(line.drug, known, drugs)) for line in lines
    )


def require_reasons(
    lines: Sequence[PrescriptionLine], answered: Sequence[str | None]
) -> None:
    """Raise DrugWarnings unless every warning has been answered with a reason.

    `answered` has the warning that each line's reason was given for, None if unknown: a
    reason for prescribing an unrecognised drug is no reason against an allergy.
    """
    unanswered = [
        (index, line.warning)
        for index, (line, before) in enumerate(zip(lines, answered, strict=True))
        if line.warning
        and (
            len(line.override_reason) < SHORTEST_REASON
            or before not in {None, line.warning}
        )
    ]
    if unanswered:
        raise DrugWarnings(unanswered, SHORTEST_REASON)


def _tidied(line: PrescriptionLine) -> PrescriptionLine:
    return PrescriptionLine(**{name: _line(getattr(line, name)) for name in _TYPED})


def _line(typed: str) -> str:
    # What cannot be stored stays, to be refused.
    return tidy_line(typed) if is_storable(typed) else typed


def _of_numbered_line(index: int, name: str, words: Sentence) -> Problem:
    return Problem(
        f"lines.{index}.{name}",
        Sentence("Line {number}: {problem}", number=index + 1, problem=words),
    )


def _of_line(line: PrescriptionLine) -> Iterator[tuple[str, Sentence]]:
    """Yield the name of each field that breaks a rule, and which rule that is."""
    for name in _FIELDS:
        if words := _of_field(name, getattr(line, name)):
            yield name, words
    if len(line.override_reason) > LONGEST_REASON:
        yield (
            "override_reason",
            Sentence(
                "the reason is too long, at most {most} characters.",
                most=LONGEST_REASON,
            ),
        )
    elif not is_storable(line.override_reason):
        yield (
            "override_reason",
            Sentence("the reason contains a character that cannot be stored."),
        )


def _of_field(name: str, value: str) -> Sentence | None:
    field = _FIELDS[name]
    longest = LONGEST_DRUG if name == "drug" else LONGEST_FIELD
    if not value:
        return Sentence("enter {field}.", field=field) if name in _WANTED else None
    if len(value) > longest:
        return Sentence(
            "{field} is too long, at most {most} characters.",
            field=field,
            most=longest,
        )
    if not is_storable(value):
        return Sentence(
            "{field} contains a character that cannot be stored.", field=field
        )
    if name == "repeats" and value not in _REPEATS:
        return Sentence("repeats must be a number from 0 to {most}.", most=MOST_REPEATS)
    if name == "quantity" and _NOTHING.match(value):
        return Sentence("the quantity must be more than 0.")
    return None


def _of_note(note: str) -> Iterator[Problem]:
    if len(note) > LONGEST_NOTE:
        too_long = Sentence(
            "The note is too long: at most {most} characters.", most=LONGEST_NOTE
        )
        yield Problem("note", too_long)
    elif not is_storable(note):
        yield Problem("note", "The note contains a character that cannot be stored.")
