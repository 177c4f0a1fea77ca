"""Finding out who somebody is, for a clinician who may not open the record yet."""

from dataclasses import replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.lists.folding import fold
from services.lists.statements import MOST, compiled, run
from services.patients.records.model import Identity, Sex
from services.patients.search import parsing as search
from services.patients.search.parsing import SearchShape
from services.patients.search.queries import PATIENTS

MOST_MATCHES: Final = 10
_COLUMNS: Final = (
    PATIENTS.c.id,
    PATIENTS.c.record_number,
    PATIENTS.c.first_name,
    PATIENTS.c.last_name,
    PATIENTS.c.date_of_birth,
    PATIENTS.c.sex,
    PATIENTS.c.deleted_at,
)


def identify(session: Session, actor: Actor, typed: str) -> tuple[Identity, ...]:
    """Return who has the name and day of birth, the record number, or the id.

    All patients are searched. A name and a day of birth are needed together, so that
    nobody can browse the patients this way. Raises InvalidInput, NotAllowed,
    Unavailable.
    """
    actor.require(Permission.BREAK_GLASS)
    query = search.parse(typed)
    if query.record_number:
        # Digits alone could also be the end of somebody's phone number.
        query = replace(query, phone="")
    elif not query.patient_id and not (query.words and query.dates):
        raise InvalidInput(
            "search",
            "Type a name together with the date of birth, for example "
            "“Lovelace 1980-05-17”, or the record number.",
        )
    if query.patient_id:
        query = replace(query, patient_id=_in_use(session, query.patient_id))
    folded = query.folded(fold(session, query.words))
    given = folded.parameters | {"most": MOST_MATCHES}
    with assume_role(session, "staff"):
        rows = run(session, _statement(query.shape), given)
    identities = tuple(
        Identity(
            id=patient_id,
            record_number=number,
            first_name=first_name,
            last_name=last_name,
            date_of_birth=born,
            sex=Sex(sex),
            deleted_at=deleted_at,
        )
        for patient_id, number, first_name, last_name, born, sex, deleted_at in rows
    )
    audit.record(
        session,
        actor,
        Action.GLASS_SEARCH,
        details={"search": typed, "patients": [identity.id for identity in identities]},
    )
    return identities


def _in_use(session: Session, patient_id: UUID) -> UUID:
    """Return the id of the record that was kept, if this one was merged into it."""
    kept = select(Patient.merged_into_id).where(Patient.id == patient_id)
    with assume_role(session, "staff"):
        return session.scalar(kept) or patient_id


@lru_cache(maxsize=64)
def _statement(shape: SearchShape) -> str:
    # A record that was merged into another or erased cannot be opened.
    is_one = and_(PATIENTS.c.merged_into_id.is_(None), PATIENTS.c.erased_at.is_(None))
    condition = and_(is_one, search.condition(shape))
    ordered = select(*_COLUMNS).where(condition).order_by(PATIENTS.c.name_key)
    return compiled(ordered.limit(MOST))
