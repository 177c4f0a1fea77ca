"""Figures of booking, as administrators' programs read them."""

import csv
import io
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.models.booking import Booking
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.kit import cast
from tests.services.visits import visit_samples

DAY = datetime.fromisoformat("2026-03-23T09:00:00+00:00")
WEEK = "from=2026-03-23&to=2026-03-29"


@pytest.fixture(scope="module")
def doctor(application) -> UUID:
    """A doctor with two slots: one visit, and one attempt that lost the race for it."""

    def keep(session: Session) -> UUID:
        patient = cast.add_patient(session)
        doctor_id = cast.add_doctor(session).id
        visit_samples.visit(session, doctor_id, patient.id, DAY)
        slot_id = visit_samples.slot(session, doctor_id, DAY + timedelta(hours=1))
        session.add(
            Booking(
                slot_id=slot_id,
                doctor_id=doctor_id,
                patient_id=patient.id,
                attempt=uuid4(),
                status="failed",
                ended_at=DAY,
                created_by=uuid4(),
                created_by_name=cast.CLEO.name,
            )
        )
        return doctor_id

    return application.database.write(keep, identity=SYSTEM).value


@pytest.fixture
def admin(as_role, doctor):
    return as_role(Role.ADMIN)


def test_figures_are_told_whole_by_day_and_by_doctor(admin, doctor):
    statistics = admin.get(f"/api/admin/stats?{WEEK}", headers=NEWEST).json()

    figures = {
        "slots": 2,
        "booked": 1,
        "holds": 1,
        "confirmed": 1,
        "expired": 0,
        "released": 0,
        "conflicts": 1,
        "cancelled": 0,
        "no_shows": 0,
        "utilisation": 0.5,
        "success_rate": 1.0,
    }
    of_day = {"day": "2026-03-23", **figures}
    assert statistics == {
        "from": "2026-03-23",
        "to": "2026-03-29",
        "total": figures,
        "days": [of_day],
        "doctors": [
            {
                "id": str(doctor),
                "name": "Dora Doctor",
                "specialization": "Cardiology",
                **figures,
                "days": [of_day],
            }
        ],
    }


def test_nothing_tells_whose_visits_they_are(admin):
    for path in ("/api/admin/stats", "/files/visit-statistics.csv"):
        text = admin.get(f"{path}?{WEEK}").text

        assert "patient" not in text
        assert "Lovelace" not in text


def test_without_days_it_is_the_week_that_ends_today(admin):
    statistics = admin.get("/api/admin/stats").json()

    first, last = (datetime.fromisoformat(statistics[name]) for name in ("from", "to"))
    assert last - first == timedelta(days=6)
    assert statistics["doctors"] == []


@pytest.mark.parametrize(
    "period",
    [
        "from=2026-03-29&to=2026-03-23",
        "from=2020-01-01&to=2026-01-01",
        "to=0001-01-01",
        "from=monday",
    ],
    ids=["the wrong way round", "too long", "before all calendars", "no day"],
)
def test_a_period_that_is_none_is_refused(admin, period):
    assert admin.get(f"/api/admin/stats?{period}").status_code == 400


def test_the_file_has_the_same_figures(admin):
    answer = admin.get(f"/files/visit-statistics.csv?{WEEK}")

    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert (line["slots"], line["booked"], line["conflicts"]) == ("2", "1", "1")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="visit-statistics-2026-03-23-2026-03-29.csv"'
    )
