"""Search of patients while somebody is still typing."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists import counting
from services.lists.criteria import Count
from services.lists.criteria.patterns import beginning
from services.lists.folding import fold
from services.lists.pages import peek
from services.lists.statements import MOST, compiled, run_within
from services.patients.records.model import Identity, PatientRecord
from services.patients.records.rows import COLUMNS, record_of
from services.patients.search import parsing as search
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.queries import PATIENTS
from services.patients.search.similar import find_resembling

_LIMIT_MILLISECONDS: Final = 300
_FEWEST_TO_RESEMBLE: Final = 4


@dataclass(frozen=True, slots=True)
class QuickMatches:
    """The first matches, or patients with similar names if `is_similar`.

    `total` is the number of all matches, if it was requested.
    """

    patients: tuple[Identity, ...]
    total: Count | None
    is_similar: bool


def find_quickly(
    session: Session,
    actor: Actor,
    typed: str,
    *,
    limit: int = 6,
    has_total: bool = False,
) -> QuickMatches:
    """Return the first matches, or else patients with similar names.

    Returns none if that takes too long. The patients shown are recorded in the audit
    log, the text typed is not. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.LIST_PATIENTS)
    actor.require(Permission.VIEW_NAMES)
    matches = _find_beginning(session, typed, limit)
    # If this many have such a family name, other matches do not show until more is
    # typed.
    if len(matches) < limit:
        matches = peek(
            session,
            actor,
            PATIENT_LISTS,
            typed,
            size=limit,
            milliseconds=_LIMIT_MILLISECONDS,
        )
    total = None
    if has_total:
        total = Count(len(matches))
        # Counting is only needed if others were left out.
        if len(matches) == limit:
            total = counting.count_searched(session, actor, PATIENT_LISTS, typed)
    is_similar = not matches and len(typed) >= _FEWEST_TO_RESEMBLE
    if is_similar:
        matches = find_resembling(session, typed, limit=limit)
    if matches:
        shown = [record.id for record in matches]
        details = {"patients": shown, "while_typing": True}
        audit.record(session, actor, Action.PATIENT_LIST, details=details)
    identities = tuple(record.identity() for record in matches)
    return QuickMatches(identities, total, is_similar=is_similar and bool(matches))


def _find_beginning(
    session: Session, typed: str, limit: int
) -> tuple[PatientRecord, ...]:
    """Return the first whose family name begins with the single word that was typed.

    Two letters begin a word of tens of thousands of names, which takes a second to
    sort; in the index of family names, those that begin with them are adjacent.
    """
    query = search.parse(typed)
    if len(query.words) != 1 or query.dates or query.years:
        return ()
    (word,) = query.words
    given = {"beginning": beginning(fold(session, [word])[word]), "most": limit}
    rows = run_within(session, _LIMIT_MILLISECONDS, _beginning(), given)
    return tuple(map(record_of, rows or ()))


@lru_cache
def _beginning() -> str:
    keys = PATIENTS.c.last_name_key, PATIENTS.c.first_name_key, PATIENTS.c.id
    return compiled(
        select(*COLUMNS)
        .where(
            PATIENTS.c.deleted_at.is_(None),
            PATIENTS.c.last_name_key.like(bindparam("beginning")),
        )
        .order_by(*keys)
        .limit(MOST)
    )
