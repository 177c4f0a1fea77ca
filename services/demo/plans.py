"""The working hours of the demo's doctors, and the doctor that its clinician is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.booking import Slot
from db.models.doctor import Doctor, WorkingHours
from db.models.user import User
from services.core import audit
from services.core.audit import Action
from services.visits.schedule.plans import Calendar, Hours, HoursKind, apply_plans
from services.visits.schedule.plans.weeks import replace_week

_MONDAY_TO_FRIDAY: Final = range(1, 6)
_EVERY_DAY: Final = range(1, 8)
_DEMO: Final = "demo"
# Two processes that start at once must not plan for the same doctors.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.demo_plans"))


@dataclass(frozen=True, slots=True)
class _Practice:
    """The length of a visit in a speciality, in minutes, and its fee."""

    minutes: int
    fee: Decimal


_USUAL_SPECIALITY: Final = "General practice"
_USUAL: Final = _Practice(30, Decimal("95.00"))
_PRACTICES: Final = {
    _USUAL_SPECIALITY: _Practice(20, Decimal("45.00")),
    "Paediatrics": _Practice(20, Decimal("50.00")),
    "Psychiatry": _Practice(50, Decimal("120.00")),
    "Radiology": _Practice(15, Decimal("80.00")),
}


def _hours(
    days: Iterable[int], starts_at: str, ends_at: str, kind: HoursKind = "work"
) -> list[Hours]:
    begin, end = time.fromisoformat(starts_at), time.fromisoformat(ends_at)
    return [Hours(day, begin, end, kind) for day in days]


_MORNING, _AFTERNOON = ("08:00", "12:00"), ("13:00", "17:00")
# Each is in the clinic for one or two half days: a practice of some four hundred
# patients has no use for twenty doctors all day long.
_WEEKS: Final = (
    [*_hours((1, 4), *_MORNING)],
    [*_hours((2, 5), *_MORNING)],
    [*_hours((1, 3), *_AFTERNOON)],
    [*_hours((2, 4), *_AFTERNOON)],
)
_SPECIALISTS_WEEKS: Final = tuple(
    _hours((day,), *half)
    for half in (_MORNING, _AFTERNOON)
    for day in _MONDAY_TO_FRIDAY
)
# People look at the demo on Sundays, too.
_OWN_WEEK: Final = [
    *_hours(_EVERY_DAY, "08:00", "18:00"),
    *_hours(_EVERY_DAY, "12:20", "13:00", "break"),
]


def ensure_demo_plans(session: Session, calendar: Calendar) -> int:
    """Give the invented doctors working hours; return how many had none before.

    Only a doctor who never had a plan gets one: a plan that somebody has emptied stays
    empty. The caller commits.
    """
    session.execute(select(_LOCK))
    _add_clinician(session)
    new = _never_planned(session)
    for number, doctor in enumerate(new):
        replace_week(session, doctor.id, _week(number, doctor))
        session.execute(
            update(Doctor)
            .where(Doctor.id == doctor.id)
            .values(_facts(number, doctor))
            .execution_options(synchronize_session=False)
        )
    if new:
        details = {"source": _DEMO, "new": len(new)}
        audit.record(session, None, Action.SCHEDULE_CHANGE, details=details)
        apply_plans(session, None, [doctor.id for doctor in new], calendar)
    return len(new)


def _add_clinician(session: Session) -> None:
    """Make the demo's clinician one of the doctors who can be booked."""
    clinician = session.execute(
        select(User.id, User.name, User.email).where(
            User.is_demo, User.role == "clinician", User.deactivated_at.is_(None)
        )
    ).first()
    if clinician is None:
        return
    session.execute(
        insert(Doctor)
        .values(
            name=clinician.name,
            speciality=_USUAL_SPECIALITY,
            sex="female",
            email=clinician.email,
            user_id=clinician.id,
            source=_DEMO,
            source_id=_DEMO,
        )
        .on_conflict_do_nothing()
    )


def _never_planned(session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
    # Withdrawn slots count, too: they show that there was a plan.
    is_invented = or_(Doctor.source == _DEMO, Doctor.source.startswith("seed "))
    return session.execute(
        select(Doctor.id, Doctor.name, Doctor.speciality, Doctor.source, Doctor.email)
        .where(
            is_invented,
            Doctor.deleted_at.is_(None),
            ~exists().where(WorkingHours.doctor_id == Doctor.id),
            ~exists().where(Slot.doctor_id == Doctor.id),
        )
        .order_by(Doctor.source, Doctor.source_id)
    ).all()


def _week(number: int, doctor: Row[*tuple[Any, ...]]) -> list[Hours]:
    if doctor.source == _DEMO:
        return _OWN_WEEK
    weeks = _WEEKS if doctor.speciality == _USUAL_SPECIALITY else _SPECIALISTS_WEEKS
    return weeks[number % len(weeks)]


def _facts(number: int, doctor: Row[*tuple[Any, ...]]) -> dict[str, object]:
    practice = _PRACTICES.get(doctor.speciality, _USUAL)
    # The two together are unique, whichever seeds the doctors come from. Versions that
    # counted from 0 gave the demo's clinician 0-00, so a seed numbered 0 has no 00.
    mark = f"{doctor.source.removeprefix('seed ')}-{1 + number:02}"
    address = func.concat(
        func.replace(func.fold(doctor.name), " ", "."), f".{mark}@example.com"
    )
    return {
        "room": f"{1 + number // 10}.{1 + number % 10:02}",
        "fee": practice.fee,
        "slot_minutes": practice.minutes,
        "license_number": f"DEMO-{mark}".upper(),
        "email": func.coalesce(Doctor.email, address),
    }
