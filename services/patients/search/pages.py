"""Lists of patients, page by page, and their lengths."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists import counting
from services.lists.counting import MOST_COUNTED
from services.lists.criteria import Count, Criteria
from services.lists.pages import USUAL_SIZE, Page, PagePosition, Place, read_page
from services.lists.queries import ListDefinition
from services.patients.records.model import PseudonymisedPatient
from services.patients.search import fields, parsing, terms
from services.patients.search.pseudonyms import pseudonyms_for
from services.patients.search.queries import shape_of
from services.patients.search.visibility import (
    PSEUDONYMISED,
    Listed,
    is_public,
    require_kept_back,
    visibility_of,
)

PatientPage = Page[Listed]

PATIENT_LISTS: Final = ListDefinition(
    subject=fields.PATIENTS,
    shown=Action.PATIENT_LIST,
    counted=Action.PATIENT_COUNT,
    scope_of=visibility_of,
    shape_of=shape_of,
    read_search=parsing.parse,
    words_of=lambda search: search.words,
    fold_search=lambda _, search, folded: search.folded(folded),
    spell_out=terms.spell_out,
    page_of=lambda _, page, __: page,
)


def list_patients(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    size: int = USUAL_SIZE,
    after: UUID | None = None,
    before: UUID | None = None,
    last: bool = False,
    place: Place | None = None,
    is_placed: bool = False,
    now: datetime | None = None,
    is_kept_back: bool = False,
) -> PatientPage:
    """Return the page after or before a patient, or the list's first or last page.

    A page that `is_placed` also says where the next one begins. That is the `place` to
    pass for the next page, whatever changes meanwhile; it contains names and ids.
    Without names, only the list of all patients has pages, unless the caller keeps the
    page back until it may be shown (`is_kept_back`). Raises InvalidInput, NotAllowed,
    Unavailable. A page deep in the list costs as much as the first one.
    """
    at = PagePosition(size, after, before, last, place=place, is_placed=is_placed)
    return _read(session, actor, criteria, at, now, is_kept_back=is_kept_back)


def list_numbered(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    page: int,
    per_page: int,
    now: datetime | None = None,
    is_kept_back: bool = False,
) -> tuple[Listed, ...]:
    """Return a page by its number from 1; without names, as list_patients does.

    Raises InvalidInput, NotAllowed, Unavailable. All rows before the page are read and
    skipped, so the numbers are bounded.
    """
    at = PagePosition(per_page, number=page)
    read = _read(session, actor, criteria, at, now, is_kept_back=is_kept_back)
    return read.rows


def _read(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    at: PagePosition,
    now: datetime | None,
    *,
    is_kept_back: bool,
) -> PatientPage:
    """Read a page; actors who see no names see and refer to patients by pseudonyms."""
    if visibility_of(actor) is not PSEUDONYMISED:
        return read_page(session, actor, PATIENT_LISTS, criteria, at, now=now)
    fields.PATIENTS.require_list(actor)
    require_kept_back(actor, criteria, is_kept_back=is_kept_back)
    if not is_public(criteria) and (at.number or 0) * at.size > MOST_COUNTED:
        # The last page of a list that is counted no further than this would reveal its
        # length.
        raise InvalidInput(
            "page",
            Sentence(
                "Only the first {most:,} patients of a list without names have "
                "numbered pages. Follow the list by `after` at /api/v1/patients, or "
                "export it.",
                most=MOST_COUNTED,
            ),
        )
    hiding = pseudonyms_for(session, actor, (now or datetime.now(UTC)).date())
    page: PatientPage = read_page(
        session, actor, PATIENT_LISTS, criteria, hiding.position(at), now=now
    )
    rows = tuple(
        hiding.hidden(row) for row in page.rows if isinstance(row, PseudonymisedPatient)
    )
    next_, previous = (
        patient_id and hiding.hide(patient_id)
        for patient_id in (page.next, page.previous)
    )
    # `pseudonymised_lists` decides whether to show how many there are: a page never
    # says that it is the whole list.
    return Page(rows, next_, previous, page.place)


def count_patients(
    session: Session, actor: Actor, criteria: Criteria, *, now: datetime | None = None
) -> Count:
    """Count a list's patients, within limits; without names, only everybody's list.

    Raises InvalidInput, NotAllowed.
    """
    fields.PATIENTS.require_list(actor)
    require_kept_back(actor, criteria, is_kept_back=False)
    return counting.count(session, actor, PATIENT_LISTS, criteria, now)
