"""What a prescription must say, and what stands against it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.consultations.prescriptions.allergies import find_match
from services.consultations.prescriptions.errors import (
    AllergyMatches,
    InvalidPrescription,
)
from services.consultations.prescriptions.records import (
    DraftPrescription,
    PrescriptionLine,
)
from services.core.typed_text import is_storable

MOST_LINES: Final = 20
LONGEST_DRUG: Final = 120
LONGEST_FIELD: Final = 80
LONGEST_NOTE: Final = 1000
SHORTEST_REASON: Final = 10
LONGEST_REASON: Final = 300
_WANTED: Final = {
    "drug": "the drug",
    "dose": "the dose",
    "frequency": "how often it is taken",
    "duration": "for how long it is taken",
}


def check_draft(draft: DraftPrescription) -> DraftPrescription:
    """Return the draft tidied; raises InvalidPrescription with the line and field."""
    if not draft.lines:
        raise InvalidPrescription("lines", "Write at least one line: a drug and how.")
    if len(draft.lines) > MOST_LINES:
        raise InvalidPrescription(
            "lines", f"A prescription has at most {MOST_LINES} lines."
        )
    note = draft.note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidPrescription(
            "note", f"The note is too long: at most {LONGEST_NOTE} characters."
        )
    lines = tuple(_check_line(index, line) for index, line in enumerate(draft.lines))
    return DraftPrescription(lines, note)


def find_warnings(
    lines: Iterable[PrescriptionLine], allergies: Iterable[str]
) -> tuple[PrescriptionLine, ...]:
    """Return the lines, each with the warning that an allergy gives rise to."""
    known = tuple(allergies)
    return tuple(
        replace(line, warning=find_match(line.drug, known) or "") for line in lines
    )


def require_reasons(lines: Iterable[PrescriptionLine]) -> None:
    """Raise AllergyMatches unless every warning has been answered with a reason."""
    unanswered = [
        (index, line.warning)
        for index, line in enumerate(lines)
        if line.warning and len(line.override_reason) < SHORTEST_REASON
    ]
    if unanswered:
        raise AllergyMatches(unanswered)


def _check_line(index: int, line: PrescriptionLine) -> PrescriptionLine:
    tidied = PrescriptionLine(
        *(
            " ".join(getattr(line, name).split())
            for name in (*_WANTED, "override_reason")
        )
    )
    for name, words in _WANTED.items():
        value = getattr(tidied, name)
        longest = LONGEST_DRUG if name == "drug" else LONGEST_FIELD
        if not value:
            raise InvalidPrescription(
                f"lines.{index}.{name}", f"Line {index + 1}: write {words}."
            )
        if len(value) > longest:
            raise InvalidPrescription(
                f"lines.{index}.{name}",
                f"Line {index + 1}: {words} is too long, at most {longest} characters.",
            )
        if not is_storable(value):
            raise InvalidPrescription(
                f"lines.{index}.{name}",
                f"Line {index + 1}: {words} holds a character no record can.",
            )
    if len(tidied.override_reason) > LONGEST_REASON:
        raise InvalidPrescription(
            f"lines.{index}.override_reason",
            f"Line {index + 1}: the reason is too long, at most {LONGEST_REASON} "
            "characters.",
        )
    return tidied
