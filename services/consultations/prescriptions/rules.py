"""What a prescription must contain, and warnings about its drugs."""

import re
from collections.abc import Callable, Iterable, Sequence
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
from services.core.sentences import Sentence
from services.core.typed_text import is_storable

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
    """Return the draft tidied up. Raises InvalidPrescription with line and field."""
    if not draft.lines:
        raise InvalidPrescription(
            "lines", "Write at least one line: a drug and how to take it."
        )
    if len(draft.lines) > MOST_LINES:
        raise InvalidPrescription(
            "lines",
            Sentence("A prescription can have at most {most} lines.", most=MOST_LINES),
        )
    note = draft.note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidPrescription(
            "note",
            Sentence(
                "The note is too long: at most {most} characters.", most=LONGEST_NOTE
            ),
        )
    if not is_storable(note):
        raise InvalidPrescription(
            "note", "The note contains a character that cannot be stored."
        )
    lines = tuple(_check_line(index, line) for index, line in enumerate(draft.lines))
    return DraftPrescription(lines, note)


def require_printable(
    lines: Iterable[PrescriptionLine],
    note: str,
    missing: Callable[[str], Sequence[str]],
) -> None:
    """Raise InvalidPrescription with the field that has an unprintable character.

    `missing` returns a text's characters that no font has.
    """
    for index, line in enumerate(lines):
        for name, words in _FIELDS.items():
            if characters := missing(getattr(line, name)):
                problem = Sentence(
                    "{field} has characters that cannot be printed: {characters}. "
                    "Write it another way.",
                    field=words,
                    characters=" ".join(characters[:_MOST_NAMED]),
                )
                raise _wrong(index, name, problem)
    if characters := missing(note):
        raise InvalidPrescription(
            "note",
            Sentence(
                "The note has characters that cannot be printed: {characters}. Write "
                "it another way.",
                characters=" ".join(characters[:_MOST_NAMED]),
            ),
        )


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


def _check_line(index: int, line: PrescriptionLine) -> PrescriptionLine:
    typed = {name: " ".join(getattr(line, name).split()) for name in _TYPED}
    for name, words in _FIELDS.items():
        value = typed[name]
        longest = LONGEST_DRUG if name == "drug" else LONGEST_FIELD
        if not value and name in _WANTED:
            raise _wrong(index, name, Sentence("enter {field}.", field=words))
        if len(value) > longest:
            too_long = Sentence(
                "{field} is too long, at most {most} characters.",
                field=words,
                most=longest,
            )
            raise _wrong(index, name, too_long)
        if not is_storable(value):
            unstorable = Sentence(
                "{field} contains a character that cannot be stored.", field=words
            )
            raise _wrong(index, name, unstorable)
    if typed["repeats"] and typed["repeats"] not in _REPEATS:
        raise _wrong(
            index,
            "repeats",
            Sentence("repeats must be a number from 0 to {most}.", most=MOST_REPEATS),
        )
    if _NOTHING.match(typed["quantity"]):
        raise _wrong(index, "quantity", Sentence("the quantity must be more than 0."))
    if len(typed["override_reason"]) > LONGEST_REASON:
        too_long = Sentence(
            "the reason is too long, at most {most} characters.", most=LONGEST_REASON
        )
        raise _wrong(index, "override_reason", too_long)
    if not is_storable(typed["override_reason"]):
        unstorable = Sentence("the reason contains a character that cannot be stored.")
        raise _wrong(index, "override_reason", unstorable)
    return PrescriptionLine(**typed)


def _wrong(index: int, name: str, words: str) -> InvalidPrescription:
    return InvalidPrescription(
        f"lines.{index}.{name}",
        Sentence("Line {number}: {problem}", number=index + 1, problem=words),
    )
