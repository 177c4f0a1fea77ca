"""What a page may ask for: who acts, reading and writing, the day, the files.

Pages never see an engine. What a person has written is remembered as a position in the
write-ahead log (LSN) in their session, so a replica that is behind it is not asked.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import live_sessions, runs, wiring
from dashboard.clock import in_zone, now, today
from dashboard.live_sessions import LiveSessions
from dashboard.stores import examiner, files, intake
from db.routing import (
    DOOR,
    DatabaseUnavailable,
    Lsn,
    NodeState,
    OutcomeUnknown,
    Served,
)
from services import people, replication
from services.actors import Actor, Permission
from services.audit import Origin
from services.criteria import Criteria
from services.document_lists.hot import Look, Place
from services.errors import NotAllowed, NotFound, Unavailable
from services.on_behalf import OnBehalf

__all__ = [
    "NodeState",
    "Wanted",
    "cluster_state",
    "count_upload",
    "current_actor",
    "current_sign_in",
    "examiner",
    "files",
    "freshness",
    "in_zone",
    "intake",
    "last_write",
    "look_at_documents",
    "now",
    "read",
    "read_all",
    "require",
    "today",
    "write",
]

T = TypeVar("T")

_LSN = "chartroom_lsn"
_SERVED = "chartroom_served"
_ACTOR = "chartroom_actor"
_KEPT = "chartroom_kept"

# Long enough to spare a query per click, short enough that somebody who was
# deactivated is out before they have read another page.
_ACTOR_SECONDS = 5.0
_MOST_KEPT = 32
_LOOK_SECONDS = 300.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class _Kept:
    """Something read for this person, good for a while."""

    value: Any
    served: Served
    lsn: Lsn | None
    until: float


@dataclass(frozen=True, slots=True)
class Wanted(Generic[T]):
    """Something to be read, and for how long it may be kept under which name."""

    operation: Callable[[Session], T]
    keep: Hashable | None = None
    seconds: float = 10.0


def current_actor() -> Actor:
    """Return who is signed in; raises NotAllowed when nobody is."""
    user_id = st.user.get("uid")
    if not user_id:
        raise NotAllowed("You are not signed in. Open the sign-in page and try again.")
    if (live := live_sessions.current()) is not None:
        return _actor_of(live, current_sign_in())
    known: Actor | None
    known, until = st.session_state.get(_ACTOR, (None, 0.0))
    if known is None or str(known.id) != user_id or until < time.monotonic():
        with _answering():
            known = _find_actor(UUID(str(user_id)))
        st.session_state[_ACTOR] = (known, time.monotonic() + _ACTOR_SECONDS)
    return known


def read(
    operation: Callable[[Session], T],
    *,
    keep: Hashable | None = None,
    seconds: float = 10.0,
) -> T:
    """Return what the operation reads, never older than this person's last write.

    With `keep` (which must name everything the operation depends on) the value is kept
    in the session for some seconds, so that a click which changes nothing about it
    asks no database. Raises Unavailable.
    """
    value: T
    (value,) = read_all(Wanted(operation, keep, seconds))
    return value


def read_all(*wanted: Wanted[Any]) -> tuple[Any, ...]:
    """Return what each of them reads, as `read` does, but in one go.

    What is read is written down before it is shown, and to write once costs half of
    what it costs to write twice. The last one's server counts as the page's.
    """
    after = st.session_state.get(_LSN)
    found = [_find_kept(one.keep, after) for one in wanted]
    missing = [one for one, known in zip(wanted, found, strict=True) if not known]
    fresh = iter(_read_anew(missing, after) if missing else ())
    whole = [known or next(fresh) for known in found]
    st.session_state[_SERVED] = whole[-1].served
    return tuple(one.value for one in whole)


def look_at_documents(
    criteria: Criteria, place: Place, *, is_counted: bool = True
) -> Look:
    """Return a page of a list of documents, and how many there are.

    It is kept for everybody who sees the same, until somebody changes a document; that
    this person looked is written down each time. Raises Unavailable.
    """
    with _answering():
        answer = wiring.current().hot_lists.look(
            _on_behalf(),
            criteria,
            place,
            now=now(),
            is_counted=is_counted,
            after=st.session_state.get(_LSN),
        )
    st.session_state[_SERVED] = answer.served
    return answer.value


def _find_kept(keep: Hashable | None, after: Lsn | None) -> _Kept | None:
    kept: dict[Hashable, _Kept] = st.session_state.setdefault(_KEPT, {})
    found = kept.get(keep) if keep is not None else None
    if found is None or found.lsn != after or found.until < time.monotonic():
        return None
    return found


def _read_anew(missing: Sequence[Wanted[Any]], after: Lsn | None) -> list[_Kept]:
    def operation(session: Session) -> list[Any]:
        return [one.operation(session) for one in missing]

    with _answering():
        answer = _on_behalf().read(operation, after=after)
    read_at = time.monotonic()
    fresh = [
        _Kept(value, answer.served, after, read_at + one.seconds)
        for one, value in zip(missing, answer.value, strict=True)
    ]
    kept: dict[Hashable, _Kept] = st.session_state[_KEPT]
    for one, found in zip(missing, fresh, strict=True):
        if one.keep is not None:
            kept.pop(one.keep, None)
            kept[one.keep] = found
            if len(kept) > _MOST_KEPT:
                del kept[next(iter(kept))]
    return fresh


def _actor_of(live: LiveSessions, session_id: UUID | None) -> Actor:
    """Return who is signed in, as the server that runs this page last saw it."""
    found = live.known(session_id) if session_id is not None else None
    if found is None:
        raise NotAllowed("Your sign-in has ended. Sign in again.")
    return found.actor


def _find_actor(user_id: UUID) -> Actor:
    database = wiring.current().database
    return database.find(
        lambda session: people.get_actor(session, user_id),
        missing=NotFound,
        acting=DOOR,
    ).value


def _on_behalf() -> OnBehalf:
    return OnBehalf(wiring.current().database, current_actor(), _origin())


def current_sign_in() -> UUID | None:
    """Return the id of this sign-in, which is what a person confirms with a passkey."""
    session_id = st.user.get("sid")
    return UUID(str(session_id)) if session_id else None


def _origin() -> Origin:
    """Tell the audit log this run, this sign-in and this network address."""
    # Streamlit names no address to whoever sits at the server itself.
    network = st.context.ip_address or _LOOPBACK
    return Origin(runs.current_id(), current_sign_in(), network)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except DatabaseUnavailable as error:
        raise Unavailable(
            "The database is changing hands and cannot be read right now. Nothing is "
            "lost; this page tries again by itself."
        ) from error


def write(operation: Callable[[Session], T]) -> T:
    """Return what the operation wrote, once committed.

    Its receipt is written in the same transaction, so a commit whose answer got lost
    is recognised instead of done twice. Raises Unavailable.
    """
    try:
        written = _on_behalf().write(operation, key=uuid4())
    except OutcomeUnknown as error:
        raise Unavailable(
            "The database went away while saving, and nobody could be asked since "
            "whether it was kept. Look before you save it again."
        ) from error
    except DatabaseUnavailable as error:
        raise Unavailable(
            "The database is changing hands, so nothing was saved. What you typed is "
            "still here: try again in a few seconds."
        ) from error
    before: Lsn | None = st.session_state.get(_LSN)
    st.session_state[_LSN] = max(before, written.lsn) if before else written.lsn
    return written.value


def last_write() -> Lsn | None:
    """Return the position of this person's last write, for a link that must show it."""
    lsn: Lsn | None = st.session_state.get(_LSN)
    return lsn


def cluster_state() -> tuple[NodeState, ...]:
    """Return the database servers as last seen; raises NotAllowed.

    The page asks every few seconds; that somebody looks is written down now and then.
    """
    actor = current_actor()
    require(Permission.VIEW_REPLICATION)
    read(
        lambda session: replication.record_look(session, actor),
        keep="replication",
        seconds=_LOOK_SECONDS,
    )
    return wiring.current().database.nodes()


def require(permission: Permission) -> None:
    """Raise NotAllowed unless whoever is here may; the refusal is written down."""
    _on_behalf().require(permission)


def freshness() -> str:
    """Say when and by which node the page's last read was answered."""
    served: Served | None = st.session_state.get(_SERVED)
    if served is None:
        return ""
    moment = f"as of {in_zone(served.at):%H:%M:%S}"
    if served.role == "primary":
        return f"{moment}, primary {served.node}"
    lag = served.lag_seconds
    behind = "" if lag is None else f", {lag:.1f} s behind"
    return f"{moment}, replica {served.node}{behind}"


def count_upload() -> None:
    """Count a file that this person sends; raises LimitReached."""
    _on_behalf().count_upload(wiring.current().throttle)
