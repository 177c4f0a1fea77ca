"""Lists of the invented clinic: its waiting list, and an analyst's saved views."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.demo.history.register import Register, suits
from services.demo.history.rows import append, new_id
from services.demo.seeding.blocks import SEEDER_ID
from services.lists import views
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator
from services.patients.search.fields import PATIENTS

_WAITING: Final = 9
_AHEAD: Final = timedelta(days=28)
_TAKEN: Final = (
    ("On metformin", Filter("current_medications", Operator.HAS, "Metformin 500 mg")),
    ("Penicillin allergy", Filter("allergies", Operator.HAS, "Penicillin")),
    ("Hypertension", Filter("medical_history", Operator.HAS, "Hypertension")),
    ("Asthma", Filter("medical_history", Operator.HAS, "Asthma")),
)


def wait_in_line(
    session: Session, register: Register, now: datetime, *, seed_number: int
) -> None:
    """Put a few patients on doctors' waiting lists; the caller commits."""
    rng = Random(f"{seed_number} waiting")  # noqa: S311 - nobody's secret
    rows = []
    for doctor in register.doctors[:_WAITING]:
        patients = (register.draw(rng) for _ in range(20))
        patient = next((p for p in patients if suits(doctor, p, now.date())), None)
        if patient is None:
            continue
        since = now - timedelta(days=rng.randrange(1, 12), minutes=rng.randrange(500))
        rows.append(
            {
                "id": new_id(since, rng),
                "patient_id": patient.id,
                "doctor_id": doctor.id,
                "from_at": now,
                "until_at": now + _AHEAD,
                "status": "waiting",
                "created_by": SEEDER_ID,
                "created_at": since,
            }
        )
    append(session, "waitlist_entries", rows)


def save_views(session: Session, analyst: Actor) -> Sequence[str]:
    """Save a few views for the analyst; return their names. The caller commits."""
    for name, wanted in _TAKEN:
        criteria = Criteria(Group(Combine.AND, (wanted,)))
        key = views.store_criteria(session, analyst, criteria, subject=PATIENTS)
        views.save_view(session, analyst, name, key, subject=PATIENTS)
    return [name for name, _ in _TAKEN]
