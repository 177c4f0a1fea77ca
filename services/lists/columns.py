"""Which columns somebody's lists show, and in which order.

Everybody has their own columns for each kind of list; a list that they have saved as a
view has its own. They only control what a table shows and grant nothing: whoever sees a
record may see all of its columns.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.view import ListColumns, SavedView
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.subjects import Subject


def find_columns(
    session: Session, actor: Actor, key: str, *, subject: Subject
) -> tuple[str, ...] | None:
    """Return the columns that the list behind the key shows; None for the defaults.

    Those of the actor's view of the list, if it has any; else the actor's. Raises
    NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    of_view = (
        select(SavedView.columns)
        .where(_is_view(actor, key, subject), SavedView.columns.is_not(None))
        .order_by(SavedView.created_at, SavedView.id)
        .limit(1)
    )
    of_actor = select(ListColumns.columns).where(_is_own(actor, subject))
    chosen = session.scalar(
        select(func.coalesce(of_view.scalar_subquery(), of_actor.scalar_subquery()))
    )
    # A later release may have stored columns that are unknown to this one.
    offered = _offered(session, subject, chosen or ())
    known = tuple(name for name in chosen or () if name in offered)
    return known or None


def choose_columns(
    session: Session,
    actor: Actor,
    key: str,
    columns: Sequence[str] | None,
    *,
    subject: Subject,
) -> None:
    """Set the columns of the list behind the key, or the defaults for None.

    If the actor has saved the list as a view, only that view changes, else all their
    other lists of its kind. The caller commits. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    if columns is not None:
        _require_possible(session, columns, subject)
    changed = session.scalars(
        update(SavedView)
        .where(_is_view(actor, key, subject))
        .values(columns=None if columns is None else list(columns))
        .returning(SavedView.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not changed:
        _keep(session, actor, columns, subject)
    audit.record(
        session,
        actor,
        Action.VIEW_CHOOSE_COLUMNS,
        details={
            "subject": subject.name,
            "list": key if changed else None,
            "columns": None if columns is None else list(columns),
        },
    )


def _keep(
    session: Session, actor: Actor, columns: Sequence[str] | None, subject: Subject
) -> None:
    if columns is None:
        session.execute(delete(ListColumns).where(_is_own(actor, subject)))
        return
    kept = insert(ListColumns).values(
        owner_id=actor.id, subject=subject.name, columns=list(columns)
    )
    session.execute(
        kept.on_conflict_do_update(
            index_elements=[ListColumns.owner_id, ListColumns.subject],
            set_={"columns": list(columns)},
        )
    )


def _offered(session: Session, subject: Subject, names: Sequence[str]) -> set[str]:
    """Return the possible columns, with the clinic's own fields if any may be named."""
    if set(names) <= set(subject.columns):
        return set(subject.columns)
    return {*subject.columns, *subject.find_more(session, names)}


def _require_possible(
    session: Session, columns: Sequence[str], subject: Subject
) -> None:
    if not columns:
        raise InvalidInput("columns", "Choose at least one column for the list.")
    if len(set(columns)) < len(columns):
        raise InvalidInput("columns", "Choose each column once.")
    if not set(columns) <= _offered(session, subject, columns):
        raise InvalidInput(
            "columns",
            Sentence(
                "Lists of {name} have no such column; choose others.",
                name=Sentence(subject.name),
            ),
        )


def _is_own(actor: Actor, subject: Subject) -> ColumnElement[bool]:
    return and_(ListColumns.owner_id == actor.id, ListColumns.subject == subject.name)


def _is_view(actor: Actor, key: str, subject: Subject) -> ColumnElement[bool]:
    return and_(
        SavedView.owner_id == actor.id,
        SavedView.subject == subject.name,
        SavedView.criteria_key == key,
    )
