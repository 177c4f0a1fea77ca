"""An invented clinic with accounts for a whole crowd, and their sign-ins.

The sign-ins are made by the service behind the sign-in page, since one network may ask
for at most 300 codes in a quarter of an hour, and a crowd comes from a single one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models.user import User
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.kit.signing_in import cookie_of

PATIENTS: Final = 20_000
_NAMES: Final = "SELECT last_name FROM patients ORDER BY hashtext(id::text) LIMIT 500"
_RECORDS: Final = (
    "SELECT id FROM patients WHERE deleted_at IS NULL ORDER BY id LIMIT :people"
)
_CARE: Final = """
INSERT INTO care_relationships (clinician_id, patient_id)
SELECT clinician.id, patient.id
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users
      WHERE role = 'clinician' AND NOT is_demo) AS clinician
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM patients
      WHERE deleted_at IS NULL) AS patient
    ON patient.number % 50 = clinician.number % 50
"""
_DOCTORS: Final = """
UPDATE doctors SET user_id = clinician.id
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users
      WHERE role = 'clinician' AND NOT is_demo) AS clinician,
     (SELECT id, row_number() OVER (ORDER BY id) AS number FROM doctors
      WHERE user_id IS NULL) AS free
WHERE doctors.id = free.id AND free.number = clinician.number
"""


@dataclass(frozen=True, slots=True)
class Population:
    """The cookies of a crowd by role, and names that patients have."""

    cookies: Sequence[tuple[Role, str]]
    names: Sequence[str]

    def one_of_each(self) -> list[tuple[Role, str]]:
        """Return one person of each role that exists."""
        return list({pair[0]: pair for pair in self.cookies}.values())

    def some(self, wanted: Sequence[Role]) -> list[tuple[Role, str]]:
        """Return as many people of each role as a smaller crowd has."""
        of_role = {
            role: iter([pair for pair in self.cookies if pair[0] is role])
            for role in Role
        }
        return [next(of_role[role]) for role in wanted]


def populate(database: Database, roles: Sequence[Role]) -> Population:
    """Fill an empty database with the clinic, and sign everybody in."""
    database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
    seeding.seed(database, patients=PATIENTS)
    ids, names = database.write(
        lambda session: (_add_accounts(session, roles), _names(session)),
        identity=SYSTEM,
    ).value
    pairs = zip(roles, ids, strict=True)
    return Population([(role, cookie_of(database, id_)) for role, id_ in pairs], names)


def _add_accounts(session: Session, roles: Iterable[Role]) -> list[UUID]:
    """Add an account for each: patients with a record, clinicians with patients."""
    wanted = list(roles)
    records = iter(session.scalars(text(_RECORDS), {"people": len(wanted)}).all())
    users = [
        User(
            name=f"Person {number}",
            role=role,
            email=f"person-{number}@example.org",
            patient_id=next(records) if role is Role.PATIENT else None,
        )
        for number, role in enumerate(wanted)
    ]
    session.add_all(users)
    session.flush()
    session.execute(text(_CARE))
    session.execute(text(_DOCTORS))
    return [user.id for user in users]


def _names(session: Session) -> list[str]:
    return list(session.scalars(text(_NAMES)))
