"""Saved cohorts and queries of analysts: with whom they are shared, and listed."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from db.models.view import SavedView
from services.analytics import analysts
from services.analytics.cohorts import COHORTS
from services.analytics.queries import QUERIES
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.lists import views
from services.lists.subjects import Subject
from services.lists.views import View

SHARED_SUBJECTS: Final = (COHORTS, QUERIES)
# Of each kind; a page and an answer of the API hold all of them.
_MOST_OF_COLLEAGUES: Final = 200


def list_questions(
    session: Session, actor: Actor, *, subject: Subject
) -> tuple[View, ...]:
    """Return the actor's own cohorts or queries by name, then those of colleagues.

    Of what colleagues share, the latest 200 of a kind are listed. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    saved = select(SavedView).where(SavedView.subject == subject.name)
    by_name = (func.lower(SavedView.name), SavedView.id)
    own = session.scalars(
        saved.where(SavedView.owner_id == actor.id).order_by(*by_name)
    ).all()
    latest = (
        select(SavedView.id)
        .where(
            SavedView.subject == subject.name,
            SavedView.owner_id != actor.id,
            _is_shared_with(actor.id),
        )
        .order_by(SavedView.created_at.desc(), SavedView.id)
        .limit(_MOST_OF_COLLEAGUES)
    )
    shared = session.scalars(
        saved.where(SavedView.id.in_(latest)).order_by(*by_name)
    ).all()
    names = analysts.find_names(session, {row.owner_id for row in shared})
    return (
        *map(views.view_of, own),
        *(views.view_of(row, owner=names[row.owner_id]) for row in shared),
    )


def share(
    session: Session,
    actor: Actor,
    view_id: UUID,
    *,
    with_everybody: bool,
    people: Sequence[UUID] = (),
    seen: View | None = None,
) -> View:
    """Share a cohort or query with all who count cohorts, with some, or with nobody.

    The caller commits. They may open it, but not change or delete anything. `seen` is
    the view that the actor has seen, if its readers must not have changed since. Raises
    InvalidInput for people who count no cohorts and for lists, SharingChanged,
    NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = views.get_own(session, actor, view_id, locks=True)
    if row.subject not in {subject.name for subject in SHARED_SUBJECTS}:
        raise InvalidInput("view", "Only saved cohorts and queries can be shared.")
    if seen:
        analysts.require_readers(row, (seen.is_shared, seen.shared_with))
    analysts.require_analysts(session, actor, people)
    row.is_shared = with_everybody
    row.shared_with = sorted(set(people))
    session.flush()
    shared = {
        "list": row.criteria_key,
        "with_everybody": with_everybody,
        "people": [str(each) for each in row.shared_with],
    }
    audit.record(
        session, actor, Action.VIEW_SHARE, subject=("view", row.id), details=shared
    )
    return views.view_of(row)


def _is_shared_with(reader_id: UUID) -> ColumnElement[bool]:
    return or_(SavedView.is_shared, SavedView.shared_with.contains([reader_id]))
