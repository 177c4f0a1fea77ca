"""Starts sign-ins, finds them by their tokens, and keeps them alive."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.models.user import Invitation, User, UserSession
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotAllowed, NotFound
from services.people.random_tokens import hash_of, new_token
from services.people.sessions.ending import SUBJECT, end_where
from services.people.sessions.records import (
    LIMITS,
    PERSON,
    RECORD,
    UNREAD,
    VERSION,
    Limits,
    LiveSession,
    Method,
    NewSession,
    SessionRecord,
    actor_of,
    has_token,
    is_open,
    live_of,
    require_own,
)

_LONGEST_BROWSER: Final = 80


def start(
    session: Session,
    user_id: UUID,
    *,
    method: Method,
    network: str | None,
    browser: str | None,
    replacing: str | None = None,
    limits: Limits = LIMITS,
) -> NewSession:
    """Sign a person in; `replacing` is the token that their browser had before.

    Raises NotAllowed for somebody who may not act any more. A passkey also counts as a
    confirmation that the person is there. Links that invited the person become invalid.
    """
    user = session.scalar(
        select(User).where(User.id == user_id, User.deactivated_at.is_(None))
    )
    if user is None:
        raise NotAllowed("This sign-in can no longer be used here.")
    if replacing:
        end_where(session, has_token(replacing), None, "replaced")
    token = new_token()
    row = UserSession(
        user_id=user_id,
        token_hash=hash_of(token),
        method=method,
        network=network,
        browser=browser[:_LONGEST_BROWSER] if browser else None,
        expires_at=func.now() + limits.lifetime,
        confirmed_at=func.now() if method == "passkey" else None,
    )
    session.add(row)
    session.flush()
    _use_up_invitations(session, user_id)
    audit.record(
        session,
        actor_of(user),
        Action.SESSION_START,
        subject=(SUBJECT, row.id),
        details={"method": method},
    )
    return NewSession(token, row.id, user_id)


def _use_up_invitations(session: Session, user_id: UUID) -> None:
    """Use up invitations once their person has come another way, whoever has the links.

    They also show, for longer than sign-ins are kept, that the person has come.
    """
    session.execute(
        update(Invitation)
        .where(Invitation.user_id == user_id, Invitation.used_at.is_(None))
        .values(used_at=func.now())
        .execution_options(synchronize_session=False)
    )


def find(
    session: Session, token: str, *, limits: Limits = LIMITS
) -> LiveSession | None:
    """Return the sign-in of a token; None if it is unknown or over.

    It is over when it was ended, had no input for too long, is too old, or when its
    person was deactivated.
    """
    row = session.execute(_lives(limits).where(has_token(token))).one_or_none()
    return live_of(row) if row else None


def find_all(
    session: Session, seen: Mapping[UUID, LiveSession], *, limits: Limits = LIMITS
) -> dict[UUID, LiveSession]:
    """Return those of the sign-ins that still hold, by their ids.

    `seen` has each in its last known state. Only what has changed since is read: a web
    server asks every second for all that have a page open.
    """
    versions = (
        _lives(limits)
        .where(_is_one_of(seen))
        .with_only_columns(UserSession.id, VERSION, UNREAD, func.now())
    )
    lives, changed = dict[UUID, LiveSession](), list[UUID]()
    for id_, version, unread, at in session.execute(versions):
        if seen[id_].version == version:
            lives[id_] = replace(seen[id_], at=at, unread=unread)
        else:
            changed.append(id_)
    if changed:
        rows = session.execute(_lives(limits).where(_is_one_of(changed)))
        lives |= {live.record.id: live for live in map(live_of, rows)}
    return lives


def touch(
    session: Session, seen: Mapping[UUID, float], *, limits: Limits = LIMITS
) -> None:
    """Record input in these sign-ins, each the given number of seconds ago.

    A sign-in that is over stays over.
    """
    columns = (
        func.unnest(
            bindparam("ids", list(seen), type_=ARRAY(Uuid)),
            bindparam(
                "ago", [int(s * 1000) for s in seen.values()], type_=ARRAY(BigInteger)
            ),
        )
        .table_valued("id", "milliseconds", name="seen")
        .render_derived()
    )
    at = func.now() - columns.c.milliseconds * literal(timedelta(milliseconds=1))
    session.execute(
        update(UserSession)
        .where(
            UserSession.id == columns.c.id,
            UserSession.last_seen_at < at,
            is_open(limits),
        )
        .values(last_seen_at=at)
        .execution_options(synchronize_session=False)
    )


def confirm(session: Session, session_id: UUID) -> None:
    """Record that the person has just proved to be there, or raise NotFound."""
    user = session.scalar(
        select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
    )
    if user is None:
        raise NotFound("This sign-in has ended. Sign in again.")
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(confirmed_at=func.now())
    )
    audit.record(
        session,
        actor_of(user),
        Action.SESSION_CONFIRM,
        subject=(SUBJECT, session_id),
    )


def count_active(session: Session) -> int:
    """Return how many sign-ins did something within the last 15 minutes.

    This does not depend on how long sign-ins may be idle. For the background.
    """
    return session.scalar(select(func.count()).where(is_open(LIMITS))) or 0


def list_sessions(
    session: Session, actor: Actor, user_id: UUID, *, limits: Limits = LIMITS
) -> tuple[SessionRecord, ...]:
    """Return the person's open sign-ins, the last used first; raises NotAllowed."""
    require_own(actor, user_id)
    rows = session.scalars(
        select(RECORD)
        .where(UserSession.user_id == user_id, is_open(limits))
        .order_by(UserSession.last_seen_at.desc(), UserSession.id)
    )
    return tuple(SessionRecord(*row) for row in rows)


def _lives(limits: Limits) -> Select[Any, Any, datetime, int, int]:
    return (
        select(RECORD, PERSON, func.now(), VERSION, UNREAD)
        .join(User, User.id == UserSession.user_id)
        .where(is_open(limits), User.deactivated_at.is_(None))
    )


def _is_one_of(ids: Iterable[UUID]) -> ColumnElement[bool]:
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    return UserSession.id == any_(wanted)


def count_sign_ins(
    session: Session, actor: Actor, first: date, now: datetime
) -> tuple[tuple[date, int], ...]:
    """Count the sign-ins of each day from the first until today, in `now`'s zone.

    Those that ended long ago were deleted: see `sessions.forget`. Counts name nobody,
    so nothing is recorded. Raises NotAllowed.
    """
    actor.require(Permission.END_SESSIONS)
    day = func.date(func.timezone(str(now.tzinfo), UserSession.created_at)).label("day")
    rows = session.execute(
        select(day, func.count().label("number"))
        .where(UserSession.created_at >= datetime.combine(first, time(), now.tzinfo))
        .group_by(day)
    )
    counted = {row.day: row.number for row in rows}
    days = [first + timedelta(days=n) for n in range((now.date() - first).days + 1)]
    return tuple((day, counted.get(day, 0)) for day in days)
