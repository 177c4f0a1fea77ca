"""The invented clinic's doctors."""

from typing import Final

import numpy as np
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.doctor import Doctor
from services.core.actors import Actor, Permission
from services.demo.seeding.blocks import source
from services.demo.seeding.pools import pools
from services.visits.schedule import visit_changes

_POSTS: Final = (
    ("General practice", 8),
    ("Paediatrics", 2),
    ("Cardiology", 2),
    ("Gynaecology", 2),
    ("Dermatology", 1),
    ("Endocrinology", 1),
    ("Neurology", 1),
    ("Orthopaedics", 1),
    ("Psychiatry", 1),
    ("Radiology", 1),
)
_SPECIALITIES: Final = tuple(
    speciality for speciality, posts in _POSTS for _ in range(posts)
)


def add(session: Session, actor: Actor, *, seed_number: int) -> None:
    """Add the doctors who are missing; the caller commits."""
    actor.require(Permission.IMPORT_RECORDS)
    session.execute(
        insert(Doctor)
        .values(_doctors(seed_number))
        .on_conflict_do_nothing(constraint="doctors_source_once")
    )
    visit_changes.announce_change(session)


def _doctors(seed_number: int) -> list[dict[str, str]]:
    drawn = pools(seed_number)
    rng = np.random.default_rng([seed_number])
    doctors = []
    for number, speciality in enumerate(_SPECIALITIES):
        names = drawn.names[int(rng.choice(len(drawn.names), p=drawn.shares))]
        sex = ("female", "male")[int(rng.integers(2))]
        first_names = names.female if sex == "female" else names.male
        doctors.append(
            {
                "name": f"{rng.choice(first_names)} {rng.choice(names.last)}",
                "speciality": speciality,
                "sex": sex,
                "city": str(drawn.towns[0]),
                "source": source(seed_number),
                "source_id": f"{number:08}",
            }
        )
    return doctors
