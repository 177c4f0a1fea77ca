"""Patients whose names resemble a search that found nobody."""

from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.criteria import Criteria
from services.lists.folding import fold
from services.lists.recording import record
from services.lists.statements import MOST, compiled, within
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of
from services.patients.search import typed as search
from services.patients.search.queries import PATIENTS

_LIMIT_MILLISECONDS: Final = 500


def find_similar(
    session: Session, actor: Actor, typed: str, *, limit: int = 5
) -> tuple[PatientRecord, ...]:
    """Return the patients whose names are most like the words typed, the likest first.

    For "Did you mean ...?". Nobody resembles an id or a date, and nobody is found
    where looking takes longer than half a second. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.LIST_PATIENTS)
    actor.require(Permission.VIEW_NAMES)
    words = search.read(typed).words
    if not words:
        return ()
    typed = " ".join(words)
    given = {"name": fold(session, [typed])[typed], "most": limit}
    rows = within(session, _LIMIT_MILLISECONDS, _similar(), given)
    if rows is None:
        return ()
    records = tuple(map(record_of, rows))
    criteria = Criteria(search=typed)
    record(session, actor, Action.PATIENT_LIST, criteria, shown=records, similar=True)
    return records


@lru_cache
def _similar() -> str:
    name = PATIENTS.c.name_key
    return compiled(
        select(*COLUMNS)
        .where(PATIENTS.c.deleted_at.is_(None), name.bool_op("%")(bindparam("name")))
        .order_by(func.similarity(name, bindparam("name")).desc(), PATIENTS.c.id)
        .limit(MOST)
    )
