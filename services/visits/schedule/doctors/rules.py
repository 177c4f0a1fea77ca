"""The rules that a doctor's fields must satisfy."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.people.accounts.particulars import read_email
from services.visits.schedule.doctors.records import DoctorDraft
from services.visits.schedule.lengths import FEWEST_MINUTES, MOST_MINUTES

LONGEST: Final = {
    "name": 100,
    "speciality": 100,
    "city": 100,
    "license_number": 50,
    "room": 50,
}
LABELS: Final = {
    "name": "Name",
    "speciality": "Speciality",
    "city": "City",
    "license_number": "License number",
    "room": "Room",
}
SEXES: Final = ("female", "male", "other", "unknown")
HIGHEST_FEE: Final = Decimal("9999999.99")
_CENT: Final = Decimal("0.01")


def checked(draft: DoctorDraft) -> DoctorDraft:
    """Return the draft as it is stored, or raise InvalidInput."""
    if draft.sex not in SEXES:
        raise InvalidInput("sex", "Sex is not a known value; choose one from the list.")
    if not FEWEST_MINUTES <= draft.slot_minutes <= MOST_MINUTES:
        raise InvalidInput(
            "slot_minutes",
            Sentence(
                "A visit must last {fewest} to {most} minutes; correct it.",
                fewest=FEWEST_MINUTES,
                most=MOST_MINUTES,
            ),
        )
    return replace(
        draft,
        name=_required("name", draft.name),
        speciality=_required("speciality", draft.speciality),
        city=_line("city", draft.city),
        license_number=_line("license_number", draft.license_number),
        room=_line("room", draft.room),
        email=read_email(draft.email) if draft.email else None,
        fee=_fee(draft.fee),
    )


def _required(name: str, typed: str) -> str:
    line = _line(name, typed)
    if line is None:
        raise InvalidInput(
            name,
            Sentence("{label} is missing; enter it.", label=Sentence(LABELS[name])),
        )
    return line


def _line(name: str, typed: str | None) -> str | None:
    label = Sentence(LABELS[name])
    return read_line(name, typed or "", LONGEST[name], label) or None


def _fee(typed: Decimal | None) -> Decimal | None:
    if typed is None:
        return None
    if not typed.is_finite() or not 0 <= typed <= HIGHEST_FEE:
        raise InvalidInput("fee", "The fee must be 0 to 9,999,999.99; correct it.")
    return typed.quantize(_CENT)
