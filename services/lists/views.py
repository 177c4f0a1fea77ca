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
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.lists import criteria
from services.lists.criteria import Criteria, Json
from services.lists.subjects import Subject

MAX_NAME_LENGTH: Final = 60
# Of one person and one kind of list; their page shows them all. Two that are saved at
# the same moment may both be the last.
MOST_VIEWS: Final = 200
_KEY: Final = re.compile("[A-Za-z0-9_-]{1,64}")
_NAME_ONCE: Final = "saved_views_name_once"


@dataclass(frozen=True, slots=True)
class View:
    """A person's own name for a list."""

    id: UUID
    name: str
    key: str
    created_at: datetime


class NameTaken(Conflict):
    """The person already calls another list so."""

    property_name = "name"

    def __init__(self, name: str) -> None:
        super().__init__(
            Sentence(
                "You already have a view called “{name}”. Choose another name.",
                name=name,
            )
        )


class TooManyViews(Conflict):
    """The person has as many views of lists of this kind as anybody can have."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(
            Sentence(
                "You have {most} saved views of {name}, which is the most. Delete "
                "one under Saved views, then save this list.",
                most=MOST_VIEWS,
                name=Sentence(subject.name),
            )
        )


def remember(
    session: Session, actor: Actor, list_criteria: Criteria, *, subject: Subject
) -> str:
    """Keep the criteria and return the key that recalls them; the caller commits.

    Equal criteria have one key, whoever of the clinic asks; a patient has keys of their
    own. Raises InvalidInput, NotAllowed.
    """
    require_possible(session, actor, list_criteria, subject=subject)
    return keep(session, actor, criteria.to_json(list_criteria), subject=subject)


def keep(session: Session, actor: Actor, kept: Json, *, subject: Subject) -> str:
    """Keep what was judged already, and return its key; for `remember` and the like.

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
    # An update that changes nothing much, because only rows that were written are
    # returned; two people who open the same new list at once get the same key.
    statement = new.on_conflict_do_update(
        index_elements=[StoredCriteria.digest], set_={"used_at": func.now()}
    )
    return session.scalars(statement.returning(StoredCriteria.key)).one()


def require_possible(
    session: Session, actor: Actor, list_criteria: Criteria, *, subject: Subject
) -> None:
    """Raise InvalidInput if there is no such list, NotAllowed if it is not theirs."""
    subject.require_list(actor)
    more = subject.find_more(session, list_criteria.fields())
    criteria.validate(list_criteria, {**subject.fields, **more})
    subject.require_visible(actor, list_criteria)


def recall(session: Session, actor: Actor, key: str, *, subject: Subject) -> Criteria:
    """Return the criteria behind the key; raises NotFound, NotAllowed.

    Not to who sees no names, if names are what the criteria ask about: they may hold
    the name of a patient.
    """
    kept = find_kept(session, actor, key, subject=subject)
    list_criteria = criteria.from_json(kept)
    subject.require_visible(actor, list_criteria)
    return list_criteria


def find_kept(session: Session, actor: Actor, key: str, *, subject: Subject) -> Json:
    """Return what is kept behind the key, as JSON; raises NotFound, NotAllowed."""
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
) -> View:
    """Give the list behind the key a name; the caller commits.

    Raises NameTaken, TooManyViews, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    name = _read_name(name)
    find = recall if subject.keeps_criteria else find_kept
    find(session, actor, key, subject=subject)
    counted = select(func.count()).where(_is_own(actor, subject))
    if session.scalars(counted).one() >= MOST_VIEWS:
        raise TooManyViews(subject)
    view = SavedView(
        owner_id=actor.id,
        subject=subject.name,
        name=name,
        criteria_key=key,
        columns=_columns_of(session, actor, subject),
    )
    with translate_violations(session, {_NAME_ONCE: partial(NameTaken, name)}):
        session.add(view)
    _record(session, actor, Action.VIEW_SAVE, view, name=[None, name])
    return _view_of(view)


def list_views(session: Session, actor: Actor, *, subject: Subject) -> tuple[View, ...]:
    """Return the actor's own views by name; raises NotAllowed."""
    actor.require(Permission.SAVE_VIEWS)
    views = session.scalars(
        select(SavedView)
        .where(_is_own(actor, subject))
        .order_by(func.lower(SavedView.name))
    )
    return tuple(map(_view_of, views))


def rename_view(session: Session, actor: Actor, view_id: UUID, name: str) -> View:
    """Give one of the actor's views another name; the caller commits.

    Raises NameTaken, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    name = _read_name(name)
    view = _get_own(session, actor, view_id)
    before = view.name
    with translate_violations(session, {_NAME_ONCE: partial(NameTaken, name)}):
        view.name = name
    _record(session, actor, Action.VIEW_RENAME, view, name=[before, name])
    return _view_of(view)


def delete_view(session: Session, actor: Actor, view_id: UUID) -> None:
    """Forget the name; links to the list itself go on working. The caller commits.

    Raises NotFound, NotAllowed.
    """
    actor.require(Permission.SAVE_VIEWS)
    view = _get_own(session, actor, view_id)
    session.delete(view)
    session.flush()
    _record(session, actor, Action.VIEW_DELETE, view, name=[view.name, None])


def _record(
    session: Session, actor: Actor, action: Action, view: SavedView, **changed: object
) -> None:
    details = {"list": view.criteria_key, "changed": changed}
    audit.record(session, actor, action, subject=("view", view.id), details=details)


def _unknown_to(actor: Actor) -> str:
    # The database hides from who sees no names whichever list asks about them.
    may_be_hidden = not actor.may(Permission.VIEW_NAMES)
    why = " that you may see; it may be about names" if may_be_hidden else ""
    return f"There is no such list{why}. Build it anew from the filters."


def _columns_of(session: Session, actor: Actor, subject: Subject) -> list[str] | None:
    """Return the columns that the actor looks at while a view is saved."""
    return session.scalar(
        select(ListColumns.columns).where(
            ListColumns.owner_id == actor.id, ListColumns.subject == subject.name
        )
    )


def _is_own(actor: Actor, subject: Subject) -> ColumnElement[bool]:
    return and_(SavedView.owner_id == actor.id, SavedView.subject == subject.name)


def _get_own(session: Session, actor: Actor, view_id: UUID) -> SavedView:
    view = session.get(SavedView, view_id)
    if view is None or view.owner_id != actor.id:
        raise NotFound("You have no such view; perhaps it was deleted elsewhere.")
    return view


def _view_of(view: SavedView) -> View:
    return View(view.id, view.name, view.criteria_key, view.created_at)


def _read_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name:
        raise InvalidInput("name", "Give the view a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInput(
            "name",
            Sentence(
                "A view's name has at most {most} characters.",
                most=MAX_NAME_LENGTH,
            ),
        )
    if not name.isprintable():
        raise InvalidInput("name", "The name holds a character that cannot be shown.")
    return name


def _digest(subject: Subject, actor: Actor, kept: Json) -> bytes:
    # A key that others have would tell a patient that somebody else asked the same.
    owner = [str(actor.id)] if actor.role is Role.PATIENT else []
    canonical = json.dumps(
        [subject.name, kept, *owner],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(canonical.encode()).digest()
