"""What a page reads for its person, and keeps for them for a while.

It is never older than their last write: its position in the write-ahead log is kept in
their session, and a replica that is behind it is not asked.
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakSet

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.ui.clock import in_zone, now, time_of_day
from dashboard.ui.language import decimal, gettext as _
from dashboard.web.log.json_log import describe
from dashboard.web.page_context.page_actor import actor_database, translating_outages
from db.postgres import Database, DatabaseUnavailable, Lsn, Read, Served
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.core.errors import ServiceError, Unavailable
from services.lists.cache import CacheRegion, ExpiringValue

if TYPE_CHECKING:
    from db.cluster.site_position import SitePosition
    from services.consultations.diagnoses import DiagnosisList
    from services.consultations.drugs import DrugList
    from services.documents.search.cache import CachedPage
    from services.lists.criteria import Criteria
    from services.lists.pages import PagePosition
    from services.visits.figures.caches import VisitCaches

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LSN: Final = "chartroom_lsn"
_SERVED: Final = "chartroom_served"
_KEPT: Final = "chartroom_kept"
_MOST_KEPT = 32
_MOST_SECONDS: Final = 3600.0
_guard: Final = Lock()
_of_all_pages: WeakSet[CacheRegion[Any]] = WeakSet()


@dataclass(frozen=True, slots=True)
class CachedRead(Generic[T]):
    """A read, and for how long its value may be kept under which name."""

    operation: Callable[[Session], T]
    keep: Hashable | None = None
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class ReadAsOf:
    """Reads what is as new as a person's earlier write, and need not be newer.

    While answers are being written one after the other, a replica that lacks only these
    is asked nonetheless: long reads stay away from the primary.
    """

    after: Lsn | None

    def __call__(self, operation: Callable[[Session], T]) -> T:
        """Return what the operation reads; raises Unavailable."""
        with translating_outages():
            answer = actor_database().read(operation, after=self.after)
        st.session_state[_SERVED] = answer.served
        return answer.value


def read(
    operation: Callable[[Session], T],
    *,
    keep: Hashable | None = None,
    seconds: float = 10.0,
) -> T:
    """Return what the operation reads, never older than this person's last write.

    With `keep` (which must name everything the operation depends on) the value is kept
    in the session for some seconds, so that a click which does not affect it needs no
    database. Raises Unavailable.
    """
    value: T
    (value,) = read_all(CachedRead(operation, keep, seconds))
    return value


def reading_as_of_now() -> "ReadAsOf":
    """Return a reader that does not wait for what this person writes from here on."""
    return ReadAsOf(last_write())


def read_elsewhere(
    elsewhere: Database,
    operation: Callable[[Session], T],
    *,
    otherwise: Unavailable | None = None,
) -> T:
    """Return what the operation reads on servers other than the usual.

    If none of them answers, `otherwise` is raised, or Unavailable.
    """
    with translating_outages():
        try:
            return actor_database().read_elsewhere(elsewhere, operation).value
        except DatabaseUnavailable as error:
            if otherwise is None:
                raise
            raise otherwise from error


def read_all(*wanted: CachedRead[Any]) -> tuple[Any, ...]:
    """Return what each of them reads, as `read` does, but in one transaction.

    Reads are recorded before they are shown, and recording once costs half of recording
    twice. The page is marked with the server of the last one.
    """
    after = last_write()
    kept = _kept()
    kept_reads = [kept.find(request.keep, after) for request in wanted]
    missing = [
        request for request, known in zip(wanted, kept_reads, strict=True) if not known
    ]
    fresh = _read_anew(missing, after)
    whole = [known or next(fresh) for known in kept_reads]
    st.session_state[_SERVED] = whole[-1].served
    return tuple(answer.value for answer in whole)


def read_with(wanted: CachedRead[T], *beside: CachedRead[Any]) -> T:
    """Return what is wanted, read together with what the page is about to show beside.

    An error in the latter occurs again, and is explained, in the part that asks for it.
    Raises what `wanted` does.
    """
    value: T
    try:
        value, *_beside = read_all(wanted, *beside)
    except ServiceError:
        raise
    except Exception as error:
        _tell_of_parts(error)
        (value,) = read_all(wanted)
    return value


def read_ahead(*wanted: CachedRead[Any]) -> None:
    """Read together what parts of the page are about to read separately.

    An error here occurs again, and is explained, in the part that asks for it; only for
    an unavailable database nobody waits twice. Raises Unavailable.
    """
    try:
        read_all(*wanted)
    except Unavailable:
        raise
    except Exception as error:
        _tell_of_parts(error)


def read_document_list(
    criteria: "Criteria", at: "PagePosition", *, is_counted: bool
) -> "CachedPage":
    """Return a page of a list of documents, and how many there are.

    It is kept for everybody who sees the same, until somebody changes a document; that
    this person looked is recorded each time. Raises Unavailable.
    """
    return _look(
        lambda who, after: wiring.current().document_lists.look(
            who, criteria, at, now=now(), is_counted=is_counted, after=after
        )
    )


def read_shared_visits(
    look: "Callable[[VisitCaches, ActorDatabase, Lsn | None], Read[T]]",
) -> T:
    """Return what is kept of doctors, slots or figures for all who may see it.

    Never for decisions, nor for what depends on who asks. Raises Unavailable.
    """
    caches = wiring.current().visit_caches
    return _look(lambda who, after: look(caches, who, after))


def known_drugs() -> "DrugList":
    """Return the drugs of the clinic's list, to be searched; raises Unavailable."""
    with translating_outages():
        return wiring.current().code_lists.drugs(last_write())


def known_diagnoses() -> "DiagnosisList":
    """Return the diagnoses of the clinic's list; raises Unavailable."""
    with translating_outages():
        return wiring.current().code_lists.diagnoses(last_write())


def visit_changes_mark() -> Hashable | None:
    """Return a mark that differs once any doctor, slot or visit was changed.

    None while changes cannot be heard of. What is kept under a name with this mark is
    read again after a change.
    """
    return wiring.current().visit_caches.change_mark()


def last_write() -> Lsn | None:
    """Return the position of this person's last write, for a link that must show it."""
    lsn: Lsn | None = st.session_state.get(_LSN)
    return lsn


def remember_write(lsn: Lsn) -> None:
    """Read nothing that is older than this position from now on."""
    before = last_write()
    st.session_state[_LSN] = max(before, lsn) if before else lsn


def forget_reads() -> None:
    """Read everything anew from now on, for this session."""
    st.session_state.pop(_KEPT, None)


def freshness() -> str:
    """Return when and by which node the page's last read was answered.

    Patients are told only when.
    """
    served: Served | None = st.session_state.get(_SERVED)
    if served is None:
        return ""
    wired = wiring.current()
    if (site := wired.site.position()) is not None:
        return _of_site(site)
    if absence := wired.database.absence():
        latest = time_of_day(in_zone(absence.since), has_seconds=True)
        alone = (
            _("as of {time} at the latest, primary {node}, no primary")
            if served.role == "primary"
            else _("as of {time} at the latest, replica {node}, no primary")
        )
        return alone.format(time=latest, node=served.node)
    return _of_server(served)


def _of_server(served: Served) -> str:
    timestamp = time_of_day(in_zone(served.at), has_seconds=True)
    if actor_database().actor.role is Role.PATIENT:
        return _("as of {time}").format(time=timestamp)
    if served.role == "primary":
        sentence = _("as of {time}, primary {node}")
        return sentence.format(time=timestamp, node=served.node)
    if served.lag_seconds is None:
        sentence = _("as of {time}, replica {node}")
        return sentence.format(time=timestamp, node=served.node)
    return _("as of {time}, replica {node}, {lag} s behind").format(
        time=timestamp, node=served.node, lag=decimal(served.lag_seconds, 1)
    )


def _of_site(site: "SitePosition") -> str:
    """Return the time that a standby site shows: the older of its two positions."""
    if site.as_of is None:
        return _("standby site {site}, as of an unknown time").format(site=site.site)
    return _("as of {time} at the main site, standby site {site}").format(
        time=time_of_day(in_zone(site.as_of), has_seconds=True), site=site.site
    )


def discard_expired() -> None:
    """Discard what open pages have read and may not show any more."""
    with _guard:
        regions = tuple(_of_all_pages)
    for region in regions:
        region.let_go()


def _tell_of_parts(error: Exception) -> None:
    _log.warning("Parts of a page are read one by one: %s", describe(error))


def _look(look: Callable[[ActorDatabase, Lsn | None], Read[T]]) -> T:
    with translating_outages():
        answer = look(actor_database(), last_write())
    st.session_state[_SERVED] = answer.served
    return answer.value


def _kept() -> CacheRegion[Any]:
    """Return what is kept for this session, and goes with it."""
    kept: CacheRegion[Any] | None = st.session_state.get(_KEPT)
    if kept is None:
        kept = CacheRegion("page", seconds=_MOST_SECONDS, most=_MOST_KEPT)
        st.session_state[_KEPT] = kept
        with _guard:
            _of_all_pages.add(kept)
    return kept


def _read_anew(
    missing: Sequence[CachedRead[Any]], after: Lsn | None
) -> Iterator[Read[Any]]:
    def operation(session: Session) -> list[Any]:
        return [request.operation(session) for request in missing]

    with translating_outages():
        answer = actor_database().read(operation, after=after)
    for request, value in zip(missing, answer.value, strict=True):
        lasting = ExpiringValue(value, request.seconds)
        _kept().keep(request.keep, Read(lasting, answer.served), after)
        yield Read(value, answer.served)
