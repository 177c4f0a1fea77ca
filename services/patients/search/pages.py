"""One page of a list of patients."""

from datetime import datetime
from functools import lru_cache, partial
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.criteria import Criteria
from services.lists.criteria.paging import behind, order_by
from services.lists.pages import (
    Page,
    PageEnd,
    cut,
    offset_of,
    part_of,
    require_row,
    require_size,
)
from services.lists.recording import record
from services.lists.statements import MOST, OFFSET, compiled, run
from services.patients.search.queries import (
    PATIENTS,
    Build,
    PatientListShape,
    belongs,
    prepare,
)
from services.patients.search.visibility import Listed

PatientPage = Page[Listed]


def list_patients(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    size: int = 20,
    after: UUID | None = None,
    before: UUID | None = None,
    last: bool = False,
    now: datetime | None = None,
) -> PatientPage:
    """Return the page behind or before a patient, or the list's first or last page.

    Raises InvalidInput, NotAllowed, Unavailable. A page deep in the list costs what
    the first one does.
    """
    actor.require(Permission.LIST_PATIENTS)
    require_size(size)
    part, cursor = part_of(after, before, last=last)
    asked = prepare(session, actor, criteria, now)
    given = {**asked.parameters, "most": size + 1, "cursor": cursor}
    rows = run(session, asked.text(_PAGES[part]), given)
    if not rows:
        require_row(session, PATIENTS.c.id, cursor)
    page = cut(rows, size, part, asked.sight.patient_of)
    record(session, actor, Action.PATIENT_LIST, criteria, shown=page.rows)
    return page


def list_numbered(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    page: int,
    per_page: int,
    now: datetime | None = None,
) -> tuple[Listed, ...]:
    """Return a page by its number, counted from 1.

    Raises InvalidInput, NotAllowed, Unavailable. All rows before the page are read
    to be skipped, so the numbers are bounded.
    """
    actor.require(Permission.LIST_PATIENTS)
    offset = offset_of(page, per_page, "patients")
    asked = prepare(session, actor, criteria, now)
    given = {**asked.parameters, "most": per_page, "offset": offset}
    rows = run(session, asked.text(_numbered), given)
    records = tuple(map(asked.sight.patient_of, rows))
    record(session, actor, Action.PATIENT_LIST, criteria, shown=records)
    return records


def _page(part: PageEnd, shape: PatientListShape) -> str:
    keys = part.read_by(shape.keys)
    statement = select(*shape.sight.columns).where(belongs(shape))
    if part.has_cursor:
        cursor = bindparam("cursor", type_=PATIENTS.c.id.type)
        statement = statement.where(behind(PATIENTS, keys, cursor))
    return compiled(statement.order_by(*order_by(PATIENTS, keys)).limit(MOST))


_PAGES: Final[dict[PageEnd, Build]] = {
    part: lru_cache(maxsize=256)(partial(_page, part)) for part in PageEnd
}


@lru_cache(maxsize=256)
def _numbered(shape: PatientListShape) -> str:
    statement = select(*shape.sight.columns).where(belongs(shape))
    ordered = statement.order_by(*order_by(PATIENTS, shape.keys))
    return compiled(ordered.limit(MOST).offset(OFFSET))
