"""Writes the notes of visits that took place: findings and vital signs."""

from collections.abc import Iterable
from datetime import date
from random import Random
from typing import Any, Final

from sqlalchemy.orm import Session

from services.demo.history.register import Attender
from services.demo.history.rows import Columns, append, new_id
from services.demo.history.visits import HeldVisit

_MEASURED: Final = 0.7
_CHILD_UNTIL: Final = 16
_HYPERTENSION: Final = "Hypertension"
# How many of the clinician's latest visits still have no notes.
_UNWRITTEN: Final = 3


def write(session: Session, held: Iterable[HeldVisit], *, seed_number: int) -> int:
    """Write the notes of completed visits; return their number. The caller commits.

    A few of the clinician's latest visits have none: they are still to be written.
    """
    completed = [visit for visit in held if visit.completed_at is not None]
    own = [visit.id for visit in completed if visit.doctor.is_own]
    still_open = set(own[-_UNWRITTEN:])
    records: list[Columns] = []
    versions: list[Columns] = []
    for visit in completed:
        if visit.id in still_open:
            continue
        rng = Random(f"{seed_number} {visit.starts_at} {visit.drawn.patient.number}")  # noqa: S311
        at = visit.completed_at
        content = content_of(visit, rng)
        record_id = new_id(visit.ends_at, rng)
        records.append(
            {
                "id": record_id,
                "appointment_id": visit.id,
                "patient_id": visit.drawn.patient.id,
                "doctor_id": visit.doctor.id,
                "content": content,
                "created_at": at,
                "updated_at": at,
            }
        )
        versions.append(
            {
                "record_id": record_id,
                "number": 1,
                "content": content,
                "author_id": visit.doctor.author_id,
                "author_name": visit.doctor.name,
                "created_at": at,
            }
        )
    append(session, "medical_records", records)
    append(session, "medical_record_versions", versions)
    return len(records)


def content_of(visit: HeldVisit, rng: Random) -> dict[str, Any]:
    """Return the notes of a visit as a row stores them."""
    reason = visit.drawn.reason
    is_measured = reason.is_feverish or rng.random() < _MEASURED
    day = visit.starts_at.date()
    return {
        "complaint": reason.words,
        "findings": reason.findings,
        "diagnoses": [{"code": reason.code, "text": reason.diagnosis}],
        "vitals": _vitals(visit, day, rng) if is_measured else {},
        "plan": reason.plan,
    }


def _vitals(visit: HeldVisit, day: date, rng: Random) -> dict[str, float]:
    patient, is_feverish = visit.drawn.patient, visit.drawn.reason.is_feverish
    # Draws what is the same for a person at every visit.
    own = Random(patient.number)  # noqa: S311 - nobody's secret
    age = patient.age(day)
    temperature = rng.gauss(38.4, 0.4) if is_feverish else rng.gauss(36.7, 0.2)
    if age < _CHILD_UNTIL:
        pulse = 125 - 3.2 * age + rng.gauss(0, 6) + 12 * is_feverish
        return {
            "temperature": round(temperature, 1),
            "pulse": round(pulse),
            "breathing_rate": round(36 - 1.1 * age + rng.gauss(0, 2)),
            "saturation": min(100, round(rng.gauss(98, 0.8))),
            **_grown(age + (day.timetuple().tm_yday / 365), own),
        }
    systolic = 106 + 0.35 * age + own.gauss(0, 7) + rng.gauss(0, 5)
    if _HYPERTENSION in patient.history:
        systolic += 14
    return {
        "systolic": round(systolic),
        "diastolic": round(systolic * 0.6 + own.gauss(0, 4)),
        "pulse": round(72 + own.gauss(0, 6) + rng.gauss(0, 4) + 14 * is_feverish),
        "temperature": round(temperature, 1),
        "saturation": min(100, round(rng.gauss(97.5, 0.9))),
        **_weighed(patient, day, own),
    }


def _grown(years: float, own: Random) -> dict[str, float]:
    """Return a child's weight and height, along a growth curve of their own."""
    along = own.uniform(0.92, 1.08)
    height = (52 + 25 * min(years, 1) + 6.4 * max(0.0, years - 1)) * along
    weight = (3.6 + 6.4 * min(years, 1) + 2.5 * max(0.0, years - 1)) * along
    return {"weight": round(weight, 1), "height": round(height, 1)}


def _weighed(patient: Attender, day: date, own: Random) -> dict[str, float]:
    height = own.gauss(177, 7) if patient.sex == "male" else own.gauss(164, 6)
    index = own.gauss(31 if "Obesity" in patient.history else 24.5, 2.2)
    drift = own.uniform(-1.5, 1.5) * (day.toordinal() % 730) / 730
    weight = index * (height / 100) ** 2 + drift
    return {"weight": round(weight, 1), "height": round(height, 1)}
