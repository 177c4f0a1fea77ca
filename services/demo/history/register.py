"""The doctors and patients of the invented clinic, in an order that never changes.

Ids differ in every database, so whatever is drawn at random is drawn in the order of
the sources' own numbers: the same day has the same visits in every demo.
"""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.models.care import CareRelationship
from db.models.doctor import Doctor, WorkingHours
from db.models.patient import Patient

DEMO: Final = "demo"
_ADULT_FROM: Final = 16
# The demo's own patient comes a few times a year.
_OWN_WEIGHT: Final = 0.7


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A doctor, and their working hours on each weekday (1 is Monday)."""

    id: UUID
    user_id: UUID | None
    name: str
    speciality: str
    length: timedelta
    is_own: bool
    week: dict[int, list[tuple[time, time]]]

    @property
    def author_id(self) -> UUID:
        """The author of their notes: most of the invented doctors have no sign-in."""
        return self.user_id or self.id

    def grid(self, day: date) -> Iterable[time]:
        """Return the clock times at which visits begin on a day."""
        for begin, end in self.week.get(day.isoweekday(), ()):
            at = datetime.combine(day, begin)
            while at + self.length <= datetime.combine(day, end):
                yield at.time()
                at += self.length


@dataclass(frozen=True, slots=True)
class Attender:
    """A patient, with what determines how often and why they come."""

    id: UUID
    number: str
    name: str
    birth: date
    sex: str
    email: str | None
    history: frozenset[str]
    since: datetime
    is_treated: bool
    is_own: bool

    def age(self, day: date) -> int:
        """Return the patient's age on a day."""
        had_birthday = (day.month, day.day) >= (self.birth.month, self.birth.day)
        return day.year - self.birth.year - (not had_birthday)

    @property
    def weight(self) -> float:
        """How often they come, relative to others: more often with more illnesses."""
        return _OWN_WEIGHT if self.is_own else 1.0 + 0.4 * len(self.history)


@dataclass(frozen=True, slots=True)
class Register:
    """All doctors and patients, in their order."""

    doctors: tuple[Practitioner, ...]
    patients: tuple[Attender, ...]
    _weights: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        weights = list(accumulate(patient.weight for patient in self.patients))
        object.__setattr__(self, "_weights", weights)

    @property
    def own_doctor(self) -> Practitioner | None:
        """The doctor as whom the demo's clinician signs in."""
        return next((doctor for doctor in self.doctors if doctor.is_own), None)

    @property
    def own_patient(self) -> Attender | None:
        """The demo's own patient."""
        return next((patient for patient in self.patients if patient.is_own), None)

    def draw(self, rng: Random) -> Attender:
        """Return a random patient; there has to be at least one."""
        drawn = rng.random() * self._weights[-1]
        return self.patients[min(bisect(self._weights, drawn), len(self.patients) - 1)]


def suits(doctor: Practitioner, patient: Attender, day: date) -> bool:
    """Return whether this doctor would see the patient at all."""
    age = patient.age(day)
    if doctor.is_own:
        return patient.is_treated
    match doctor.speciality:
        case "Paediatrics":
            return age < _ADULT_FROM
        case "Gynaecology":
            return patient.sex == "female" and age >= _ADULT_FROM
        case "General practice" | "Dermatology":
            return True
        case _:
            return age >= _ADULT_FROM


def read(session: Session, seed_number: int) -> Register:
    """Return the invented doctors and patients of a seed, and the demo's own."""
    return Register(_doctors(session, seed_number), _patients(session, seed_number))


def _doctors(session: Session, seed_number: int) -> tuple[Practitioner, ...]:
    weeks: dict[UUID, dict[int, list[tuple[time, time]]]] = {}
    hours = select(WorkingHours).order_by(WorkingHours.kind.desc())
    for row in session.scalars(hours.order_by(WorkingHours.starts_at)):
        week = weeks.setdefault(row.doctor_id, {}).setdefault(row.weekday, [])
        stretch = (row.starts_at, row.ends_at)
        if row.kind == "work":
            week.append(stretch)
        else:
            week[:] = [part for whole in week for part in _without(whole, stretch)]
    rows = session.execute(
        select(
            Doctor.id,
            Doctor.user_id,
            Doctor.name,
            Doctor.speciality,
            Doctor.slot_minutes,
            Doctor.source,
        )
        .where(
            or_(Doctor.source == DEMO, Doctor.source == f"seed {seed_number}"),
            Doctor.deleted_at.is_(None),
        )
        .order_by(Doctor.source, Doctor.source_id)
    )
    return tuple(
        Practitioner(
            row.id,
            row.user_id,
            row.name,
            row.speciality,
            timedelta(minutes=row.slot_minutes),
            row.source == DEMO,
            weeks.get(row.id, {}),
        )
        for row in rows
    )


def _without(
    whole: tuple[time, time], gap: tuple[time, time]
) -> list[tuple[time, time]]:
    """Return what is left of working hours before and after a break."""
    before = (whole[0], min(whole[1], gap[0]))
    after = (max(whole[0], gap[1]), whole[1])
    return [part for part in (before, after) if part[0] < part[1]]


def _patients(session: Session, seed_number: int) -> tuple[Attender, ...]:
    is_treated = (
        select(CareRelationship.id)
        .join(Doctor, Doctor.user_id == CareRelationship.clinician_id)
        .where(
            CareRelationship.patient_id == Patient.id,
            CareRelationship.ended_at.is_(None),
            Doctor.source == DEMO,
        )
        .exists()
    )
    rows = session.execute(
        select(
            Patient.id,
            func.coalesce(Patient.source_id, "").label("number"),
            (Patient.first_name + " " + Patient.last_name).label("name"),
            Patient.date_of_birth,
            Patient.sex,
            Patient.email,
            Patient.medical_history,
            Patient.created_at,
            Patient.source,
            is_treated.label("is_treated"),
        )
        .where(
            or_(Patient.source == DEMO, Patient.source == f"seed {seed_number}"),
            Patient.deleted_at.is_(None),
        )
        .order_by(Patient.source, Patient.source_id)
    )
    return tuple(
        Attender(
            row.id,
            row.number,
            row.name,
            row.date_of_birth,
            row.sex,
            row.email,
            frozenset(row.medical_history),
            row.created_at,
            row.is_treated,
            row.source == DEMO,
        )
        for row in rows
    )
