"""The person at the browser, and the identity in which a page uses databases."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import wiring
from dashboard.web.log import run_ids
from dashboard.web.sessions import live_sessions
from dashboard.web.sessions.live_sessions import LiveSessions
from db.postgres import ANONYMOUS, DatabaseUnavailable, NotOnReplica
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Permission
from services.core.audit import Origin
from services.core.errors import NotAllowed, NotFound, Unavailable

_ACTOR: Final = "chartroom_actor"
# Long enough to save a query per click, short enough that somebody who was deactivated
# is out before they have read another page.
_ACTOR_SECONDS: Final = 5.0
_LOOPBACK: Final = "127.0.0.1"


def current_actor() -> Actor:
    """Return who is signed in; raises NotAllowed if nobody is."""
    user_id = _user_info("uid")
    if not user_id:
        raise NotAllowed("You are not signed in. Open the sign-in page and try again.")
    if (live := live_sessions.current()) is not None:
        return _actor_of(live, current_sign_in())
    known: Actor | None
    known, until = st.session_state.get(_ACTOR, (None, 0.0))
    if known is None or str(known.id) != user_id or until < time.monotonic():
        with translating_outages():
            known = _find_actor(UUID(user_id))
        st.session_state[_ACTOR] = (known, time.monotonic() + _ACTOR_SECONDS)
    return known


def current_sign_in() -> UUID | None:
    """Return the id of this sign-in, which is what a person confirms with a passkey."""
    session_id = _user_info("sid")
    return UUID(session_id) if session_id else None


def actor_database() -> ActorDatabase:
    """Return the databases in this person's name, which record what they saw."""
    wired = wiring.current()
    return ActorDatabase(wired.database, current_actor(), _origin(), wired.audit_spool)


def require(permission: Permission) -> None:
    """Raise NotAllowed unless this person has the permission; refusals are recorded."""
    actor_database().require(permission)


@contextmanager
def translating_outages() -> Iterator[None]:
    """Raise Unavailable, with a sentence, if no database answers."""
    try:
        yield
    except NotOnReplica as error:
        raise Unavailable(
            "Not found on a replica, which may lack what was saved last, and no server "
            "leads the database. This page tries again by itself."
        ) from error
    except DatabaseUnavailable as error:
        raise Unavailable(
            "Database failover in progress: it cannot be read right now. Nothing is "
            "lost; this page tries again by itself."
        ) from error


def _user_info(name: str) -> str | None:
    """Return what the gate passed on about the person at this page.

    It is what `st.user` returns, read from the run itself: at every access, `st.user`
    copies it, and looks for a secrets.toml under one lock of the whole server.
    """
    run = get_script_run_ctx()
    value = run.user_info.get(name) if run is not None else None
    return str(value) if value else None


def _actor_of(live: LiveSessions, session_id: UUID | None) -> Actor:
    """Return who is signed in, as the server that runs this page last saw it."""
    known = live.known(session_id) if session_id is not None else None
    if known is None:
        raise NotAllowed("Your sign-in has ended. Sign in again.")
    return known.actor


def _find_actor(user_id: UUID) -> Actor:
    # Not needed on Chartroom's own server, where the sign-in names the actor.
    from services.people import accounts

    database = wiring.current().database
    return database.find(
        lambda session: accounts.get_actor(session, user_id),
        missing=NotFound,
        identity=ANONYMOUS,
    ).value


def _origin() -> Origin:
    """Return this run, this sign-in and this network address, for the audit log."""
    # Streamlit gives no address for a browser on the server itself.
    network = st.context.ip_address or _LOOPBACK
    return Origin(run_ids.current_id(), current_sign_in(), network)
