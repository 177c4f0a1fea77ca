"""Patients whose names resemble a search that found nobody."""

from functools import lru_cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.criteria import Criteria
from services.lists.folding import fold
from services.lists.recording import record
from services.lists.statements import MOST, compiled, run_within
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of
from services.patients.search import parsing as search
from services.patients.search.queries import PATIENTS

_LIMIT_MILLISECONDS: Final = 500
_LEAST_LIKE: Final = 0.15


def find_similar(
    session: Session, actor: Actor, typed: str, *, limit: int = 5
) -> tuple[PatientRecord, ...]:
    """Return the patients whose names are most like the words typed, the likest first.

    For "Did you mean ...?". Nobody resembles an id or a date, and none are returned if
    the search takes longer than half a second. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.LIST_PATIENTS)
    actor.require(Permission.VIEW_NAMES)
    records = find_resembling(session, typed, limit=limit)
    if not search.parse(typed).words:
        return ()
    criteria = Criteria(search=" ".join(search.parse(typed).words))
    record(session, actor, Action.PATIENT_LIST, criteria, shown=records, similar=True)
    return records


def find_resembling(
    session: Session, typed: str, *, limit: int
) -> tuple[PatientRecord, ...]:
    """Return patients with similar names; the caller checks permissions and records it.

    These are patients whose whole name is spelt similarly, or whose family name sounds
    like one of its words; with a year, only those born in it.
    """
    query = search.parse(typed)
    if not query.words:
        return ()
    name = " ".join(query.words)
    folded = fold(session, [name])[name]
    given = {
        "name": folded,
        "words": folded.split(),
        "most": limit,
        "years": list(query.years),
    }
    rows = run_within(session, _LIMIT_MILLISECONDS, _similar(bool(query.years)), given)
    return tuple(map(record_of, rows or ()))


@lru_cache
def _similar(has_years: bool) -> str:
    name = PATIENTS.c.name_key
    statement = (
        select(*COLUMNS)
        .where(
            PATIENTS.c.deleted_at.is_(None),
            or_(name.bool_op("%")(bindparam("name")), _sounds_like()),
        )
        .order_by(func.similarity(name, bindparam("name")).desc(), PATIENTS.c.id)
        .limit(MOST)
    )
    if has_years:
        born_in = func.any(bindparam("years", type_=ARRAY(Integer)))
        statement = statement.where(PATIENTS.c.birth_year == born_in)
    return compiled(statement)


def _sounds_like() -> ColumnElement[bool]:
    """Return whether the family name sounds like one of the words.

    By Daitch-Mokotoff, whose codes fit European names better than Soundex does.
    """
    words = bindparam("words", type_=ARRAY(Text))
    word = func.unnest(words).column_valued()
    codes = select(func.unnest(func.daitch_mokotoff(word))).scalar_subquery()
    family_name = PATIENTS.c.last_name_key
    sounds = func.daitch_mokotoff(family_name).bool_op("&&")(func.array(codes))
    # A code leaves out all vowels, so quite different names can have the same one.
    spelt = func.word_similarity(family_name, bindparam("name"))
    return and_(sounds, spelt >= literal_column(str(_LEAST_LIKE)))
