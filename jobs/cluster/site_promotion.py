"""Promotes a standby site: both stores, and all that has to be true of them then.

It can be repeated after any failure: each step can be done again without harm, and the
site counts as promoted with the last one.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import psycopg2
from pymongo.errors import PyMongoError
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from db.embedded import Addresses, CannotStart, DataFolder
from db.embedded.sites import files_member, standby_site
from db.endpoints import Endpoints
from db.files.seal_keys import SealKeys
from db.mongo.audit_store import AuditStore
from jobs.backups.going_back.replaying import GoingBackOrder, Rejoined, replay
from services.audit import chain
from services.audit.chain import Link
from services.backups.ledger import Since, read_since
from services.cluster import sites
from services.cluster.sites import SitePromoted
from services.core.actors import Actor
from services.core.audit import Action

_LEAD_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1

# Called with a stage, and the seconds it took.
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class StandbyClinic:
    """A running standby site: its folder, its servers, its audit log and its keys."""

    folder: DataFolder
    addresses: Addresses
    audit: AuditStore
    seal_keys: SealKeys


@dataclass(frozen=True, slots=True)
class _LogEnd:
    """The end of the audit log that is here, and what it has beyond the rows."""

    end: Link
    since: Since
    lost_entries: int = 0


def promote(
    clinic: StandbyClinic,
    order: SitePromoted,
    actor: Actor,
    *,
    report: Report = lambda _stage, _seconds: None,
) -> None:
    """Promote the site; the caller has made sure that the other one cannot write.

    Raises CannotStart, and errors of a database: then it can be repeated.
    """
    began = time.monotonic()
    # Before anybody can write here: by it a main site that comes back learns that it is
    # no longer the main one.
    _lead_files(clinic)
    report("MongoDB leads", time.monotonic() - began)
    began = time.monotonic()
    lead_rows(clinic.addresses.endpoints, clinic.addresses.administrator_url)
    report("PostgreSQL leads", time.monotonic() - began)
    began = time.monotonic()
    with _owning(clinic.addresses) as session:
        settle(session, clinic.audit, clinic.seal_keys, order, actor)
    standby_site.note_promoted(clinic.folder)
    report("Rows brought up to date with the log", time.monotonic() - began)


def is_begun(addresses: Addresses) -> bool:
    """Return whether a store leads already, by a promotion that was interrupted."""
    return addresses.mongo.is_primary() or _takes_writes(addresses.administrator_url)


def went_back_to(session: Session, store: AuditStore) -> datetime | None:
    """Return the time that the main site went back to since these rows; None if none.

    The rows of a site that was cut off before then are of what was undone; a site that
    reaches the main one goes back along with it.
    """
    head, last = chain.read_head(session), store.newest()
    if last is None or last["_id"] <= head.sequence:
        return None
    undone = [
        json.loads(entry["details"])["to"]
        for entry in chain.walk_after_head(session, store)
        if entry["action"] == Action.BACKUP_GO_BACK
    ]
    return datetime.fromisoformat(undone[-1]) if undone else None


def lead_rows(endpoints: Endpoints, owner_url: str) -> None:
    """Make a server of this site lead, and wait until one takes writes.

    Raises CannotStart.
    """
    try:
        Patroni(endpoints).patch_config({"standby_cluster": None})
    except (PatroniRefused, PatroniSilent) as error:
        raise CannotStart(
            f"Patroni does not let a server of this site lead ({error}): check that "
            "the servers here answer, and repeat the command."
        ) from error
    # What was received is replayed before writes are allowed.
    await_leader(lambda: _takes_writes(owner_url), "No server of this site leads yet")


def _takes_writes(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def _lead_files(clinic: StandbyClinic) -> None:
    own = clinic.addresses.mongo

    def leads() -> bool:
        try:
            files_member.lead(own)
        except PyMongoError:
            return False
        return own.is_primary()

    await_leader(leads, "MongoDB does not lead here yet")


def await_leader(leads: Callable[[], bool], failure: str) -> None:
    """Wait as long as a server takes to lead, or raise CannotStart."""
    deadline = time.monotonic() + _LEAD_SECONDS
    while not leads():
        if time.monotonic() > deadline:
            raise CannotStart(f"{failure}: see its log, and repeat the command.")
        time.sleep(_LOOK_SECONDS)


def settle(
    session: Session,
    store: AuditStore,
    seal_keys: SealKeys,
    order: SitePromoted,
    actor: Actor,
) -> None:
    """Reconcile rows and audit log, and record who promoted the site.

    Either store may be further than the other: the log may have what the rows have
    lost, which must remain true, or lack the last entries that the rows have handed
    over. The caller commits. Raises CannotStart if the time of the rows is not known.
    """
    log = _read_log(session, store)
    rejoined = Rejoined(
        log.end,
        log.since,
        seal_keys,
        f"site {order.site}",
        # Nobody knows what the lost site sent last.
        is_complete=False,
    )
    replay(session, GoingBackOrder(_time_of(order), order.reason, actor), rejoined)
    promoted = replace(order, lost_entries=log.lost_entries)
    sites.record_promoted(session, actor, promoted)


def _time_of(order: SitePromoted) -> datetime:
    if order.rows_at is None:
        raise CannotStart(
            "It is not known how recent the rows here are: check that the site's "
            "servers answer, and repeat the command."
        )
    return order.rows_at


def _read_log(session: Session, store: AuditStore) -> _LogEnd:
    head = chain.read_head(session)
    last = store.newest()
    if last is None and head.sequence:
        return _LogEnd(head, Since(), head.sequence)
    if last is not None and last["_id"] < head.sequence:
        end = chain.link_of(last)
        return _LogEnd(end, Since(), head.sequence - end.sequence)
    end = head

    def followed() -> Iterator[Mapping[str, Any]]:
        nonlocal end
        for entry in chain.walk_after_head(session, store):
            end = chain.link_of(entry)
            yield entry

    since = read_since(followed())
    return _LogEnd(end, since)


@contextmanager
def _owning(addresses: Addresses) -> Iterator[Session]:
    """Work in one transaction as the owner of the schema, as going back does."""
    url = addresses.endpoints.owner_url or ""
    engine = create_engine(
        "postgresql+psycopg2://", creator=lambda: psycopg2.connect(url)
    )
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()
