"""A few hundred invented patients who differ in everything a list can filter by."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, insert, select

from db.models.patient import Patient
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of

FIRST_NAMES = (
    "Ada", "ADA", "Zoë", "Zoe", "José", "Ann", "Anna-Maria", "anna", "Li", "Éa",
    "100%", "under_score", "back\\slash", "=SUM(A1)",
)  # fmt: skip
LAST_NAMES = (
    "Müller", "Muller", "Mueller", "O'Brien", "Smith-Jones", "Smith", "van der Berg",
    "Łukasz", "Ng", "%", "_", "'; DROP TABLE patients; --",
)  # fmt: skip
ALLERGIES = (
    "Penicillin V", "penicillin g", "PENICILLIN V", "Procaine penicillin",
    "Penicillins", "Latex (substance)", "Latex", "Käse", "5% glucose", "Cow's milk",
)  # fmt: skip
HISTORY = ("Asthma", "Childhood asthma", "Prediabetes", "Diabetes", "Grippe à virus")
MEDICINES = ("Ibuprofen 200 MG", "Ibuprofen 400 mg", "Aspirin 81", "Aspirin")
STREETS = ("1 High Street", "12 high street", "Straße des 17. Juni", "", None)


def settle(connection: Connection, size: int = 300) -> None:
    """Add the patients to an empty database."""
    chance = random.Random(20261120)  # noqa: S311 - the same people every time
    people = [_person(chance) for _ in range(size)]
    connection.execute(insert(Patient), people)
    connection.commit()


def census(connection: Connection) -> Sequence[PatientRecord]:
    """Return everybody, as stored."""
    return [record_of(row) for row in connection.execute(select(*COLUMNS))]


def _person(chance: random.Random) -> dict[str, object]:
    registered = datetime(2026, 11, 20, 12, tzinfo=UTC) - timedelta(
        hours=chance.randrange(200)
    )
    return {
        "first_name": chance.choice(FIRST_NAMES),
        "last_name": chance.choice(LAST_NAMES),
        # Around today's birthday, a leap day included, where ages change.
        "date_of_birth": chance.choice(
            [
                date(chance.randrange(1930, 2026), 11, chance.randrange(18, 23)),
                date(chance.randrange(1932, 2026, 4), 2, 29),
                date(1980, 1, 1),
            ]
        ),
        "sex": chance.choice(["female", "male", "other", "unknown"]),
        "email": chance.choice([None, f"P{chance.randrange(30)}@Example.org"]),
        "phone_number": chance.choice([None, f"+49301234{chance.randrange(900):03}"]),
        "address": chance.choice(STREETS),
        "emergency_contact": chance.choice([None, "Mutter 030/1234", "René"]),
        "allergies": _some(chance, ALLERGIES),
        "medical_history": _some(chance, HISTORY),
        "current_medications": _some(chance, MEDICINES),
        "created_at": registered,
        "updated_at": registered + timedelta(hours=chance.randrange(30)),
        "deceased_on": chance.choice(
            [None, None, date(2026, 11, 18 + chance.randrange(3))]
        ),
        "deleted_at": registered if chance.random() < 0.2 else None,
    }


def _some(chance: random.Random, things: Sequence[str]) -> list[str]:
    return chance.sample(things, chance.choice([0, 0, 1, 2]))
