"""Lists behind an opaque key, and the names people give to them."""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.view import ListColumns, SavedView, StoredCriteria
from db.postgres.violations import translate_violations
from services.core import audit, throttling
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.lists import criteria
from services.lists.criteria import Criteria, Json
from services.lists.subjects import Subject

MAX_NAME_LENGTH: Final = 60
LONGEST_DESCRIPTION: Final = 300
# For one person and one kind of list; their page shows them all.
MOST_VIEWS: Final = 200
_KEY: Final = re.compile("[A-Za-z0-9_-]{1,64}")
_NAME_ONCE: Final = "saved_views_name_once"


@dataclass(frozen=True, slots=True)
class View:
    """A person's own name for a list; `owner` is that person's if it is somebody else.

    Analysts' views may be shared with all who count cohorts, or with some of them.
    """

    id: UUID
    name: str
    key: str
    created_at: datetime
    description: str
    owner: str
    is_shared: bool
    shared_with: tuple[UUID, ...]

    @property
    def is_own(self) -> bool:
        """Whether it is the actor's own; only its owner may change it."""
        return not self.owner


class NameTaken(Conflict):
    """The person has another list with this name already."""

    property_name = "name"

    def __init__(self, name: str) -> None:
        super().__init__(
            Sentence(
                "You already have a view called “{name}”. Choose another name.",
                name=name,
            )
        )


class ViewChanged(Conflict):
    """The view was renamed after it was opened, by its owner elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "This view was renamed in another window. Close this, then open *Rename* "
            "again; nothing was changed."
        )


class TooManyViews(Conflict):
    """The person has as many views of this kind of list as anybody can have."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(
            Sentence(
                "You have {most} saved views of {name}, which is the maximum. Delete "
                "one under Saved views, then save this list.",
                most=MOST_VIEWS,
                name=Sentence(subject.name),
            )
        )


def store_criteria(
    session: Session, actor: Actor, list_criteria: Criteria, *, subject: Subject
) -> str:
    """Store the criteria and return the key that recalls them; the caller commits.

    Equal criteria have one key, whoever of the clinic stores them; a patient has keys
    of their own. Raises InvalidInput, NotAllowed.
    """
    require_possible(session, actor, list_criteria, subject=subject)
    return store(session, actor, criteria.to_json(list_criteria), subject=subject)


def store(session: Session, actor: Actor, kept: Json, *, subject: Subject) -> str:
    """Store what was validated already, and return its key.

    Raises NotAllowed.
    """
    subject.require_list(actor)
    new = insert(StoredCriteria).values(
        key=secrets.token_urlsafe(16),
        digest=_digest(subject, actor, kept),
        subject=subject.name,
        criteria=kept,
        created_by=actor.id,
    )
    # A nearly empty update, because only rows that were written are returned; two
    # people who open the same new list at once get the same key.
    statement = new.on_conflict_do_update(
        index_elements=[StoredCriteria.digest], set_={"used_at": func.now()}
    )
    return session.scalars(statement.returning(StoredCriteria.key)).one()


def require_possible(
    session: Session, actor: Actor, list_criteria: Criteria, *, subject: Subject
) -> None:
    """Raise InvalidInput if the criteria are invalid, NotAllowed if forbidden."""
    subject.require_list(actor)
    more = subject.find_more(session, list_criteria.fields())
    criteria.validate(list_criteria, {**subject.fields, **more})
    subject.require_visible(actor, list_criteria)


def load_criteria(
    session: Session, actor: Actor, key: str, *, subject: Subject
) -> Criteria:
    """Return the criteria behind the key; raises NotFound, NotAllowed.

    Not returned to an actor who sees no names if the criteria ask about names: they may
    contain the name of a patient.
    """
    kept = load(session, actor, key, subject=subject)
    list_criteria = criteria.from_json(kept)
    subject.require_visible(actor, list_criteria)
    return list_criteria


def load(session: Session, actor: Actor, key: str, *, subject: Subject) -> Json:
    """Return what is stored behind the key, as JSON; raises NotFound, NotAllowed."""
    subject.require_list(actor)
    stored = session.get(StoredCriteria, key) if _KEY.fullmatch(key) else None
    if stored is None or stored.subject != subject.name:
        raise NotFound(_unknown_to(actor))
    return stored.criteria


def save_view(
    session: Session,
    actor: Actor,
    name: str,
    key: str,
    *,
    subject: Subject,
    description: str = "",
) -> View:
    """Name the list behind the key, and say what it is for; the caller commits.

    Raises NameTaken, TooManyViews, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    name, description = _read_name(name), _read_description(description)
    find = load_criteria if subject.keeps_criteria else load
    find(session, actor, key, subject=subject)
    throttling.await_turn(session, actor, "saved_views")
    counted = select(func.count()).where(_is_own(actor, subject))
    if session.scalars(counted).one() >= MOST_VIEWS:
        raise TooManyViews(subject)
    view = SavedView(
        owner_id=actor.id,
        subject=subject.name,
        name=name,
        criteria_key=key,
        columns=_columns_of(session, actor, subject),
        description=description,
    )
    with translate_violations(session, {_NAME_ONCE: partial(NameTaken, name)}):
        session.add(view)
    _record(session, actor, Action.VIEW_SAVE, view, name=[None, name])
    return view_of(view)


def list_views(session: Session, actor: Actor, *, subject: Subject) -> tuple[View, ...]:
    """Return the actor's own views by name; raises NotAllowed."""
    actor.require(Permission.SAVE_VIEWS)
    views = session.scalars(
        select(SavedView)
        .where(_is_own(actor, subject))
        .order_by(func.lower(SavedView.name))
    )
    return tuple(map(view_of, views))


def rename_view(
    session: Session,
    actor: Actor,
    view_id: UUID,
    name: str,
    *,
    description: str | None = None,
    seen: View | None = None,
) -> View:
    """Give one of the actor's views another name; the caller commits.

    What it is for stays unless there is a `description`. `seen` is the view that the
    actor has seen, if it must not have been renamed since.

    Raises NameTaken, ViewChanged, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    name = _read_name(name)
    view = get_own(session, actor, view_id, locks=True)
    before = view.name
    if seen and (seen.name, seen.description) != (before, view.description):
        raise ViewChanged
    if description is not None:
        view.description = _read_description(description)
    with translate_violations(session, {_NAME_ONCE: partial(NameTaken, name)}):
        view.name = name
    _record(session, actor, Action.VIEW_RENAME, view, name=[before, name])
    return view_of(view)


def delete_view(session: Session, actor: Actor, view_id: UUID) -> None:
    """Delete the view; links to the list itself go on working. The caller commits.

    Raises NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    view = get_own(session, actor, view_id)
    session.delete(view)
    session.flush()
    _record(session, actor, Action.VIEW_DELETE, view, name=[view.name, None])


def _record(
    session: Session, actor: Actor, action: Action, view: SavedView, **changed: object
) -> None:
    details = {"list": view.criteria_key, "changed": changed}
    audit.record(session, actor, action, subject=("view", view.id), details=details)


def _unknown_to(actor: Actor) -> str:
    # From actors who see no names, the database hides every list that asks about them.
    may_be_hidden = not actor.may(Permission.VIEW_NAMES)
    why = " that you may see; it may be about names" if may_be_hidden else ""
    return f"There is no such list{why}. Build it again from the filters."


def _columns_of(session: Session, actor: Actor, subject: Subject) -> list[str] | None:
    """Return the columns that the actor currently has for this kind of list."""
    return session.scalar(
        select(ListColumns.columns).where(
            ListColumns.owner_id == actor.id, ListColumns.subject == subject.name
        )
    )


def get_own(
    session: Session, actor: Actor, view_id: UUID, *, locks: bool = False
) -> SavedView:
    """Return the row of one of the actor's views; raises NotFound, NotAllowed."""
    actor.require(Permission.SAVE_VIEWS)
    view = session.get(SavedView, view_id, with_for_update=locks or None)
    if view is None or view.owner_id != actor.id:
        raise NotFound("You have no such view; it may have been deleted elsewhere.")
    return view


def view_of(view: SavedView, *, owner: str = "") -> View:
    """Return the view for its reader; `owner` is its owner's name."""
    return View(
        view.id,
        view.name,
        view.criteria_key,
        view.created_at,
        description=view.description,
        owner=owner,
        is_shared=view.is_shared,
        shared_with=tuple(view.shared_with),
    )


def _is_own(actor: Actor, subject: Subject) -> ColumnElement[bool]:
    return and_(SavedView.owner_id == actor.id, SavedView.subject == subject.name)


def _read_name(typed: str) -> str:
    name = read_line("name", typed, MAX_NAME_LENGTH)
    if not name:
        raise InvalidInput("name", "Give the view a name.")
    return name


def _read_description(typed: str) -> str:
    return read_line("description", typed, LONGEST_DESCRIPTION)


def _digest(subject: Subject, actor: Actor, kept: Json) -> bytes:
    # A shared key would show a patient that somebody else has asked for the same.
    owner = [str(actor.id)] if actor.role is Role.PATIENT else []
    canonical = json.dumps(
        [subject.name, kept, *owner],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(canonical.encode()).digest()
