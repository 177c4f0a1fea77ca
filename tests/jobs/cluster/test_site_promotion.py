"""A site begins to lead: its rows and its audit log, of different times, become one."""

from datetime import UTC, datetime

import psycopg2
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db.embedded import CannotStart
from db.mongo.audit_store import AuditFilter
from jobs.cluster.site_promotion import settle, went_back_to
from services.backups import ledger
from services.backups.ledger import Since
from services.cluster.sites import SitePromoted
from services.core.actors import CONSOLE
from services.core.audit import Action
from tests.services.audit.chain.conftest import Log, log  # noqa: F401 - a fixture

ORDER = SitePromoted(
    "north",
    "The main site has burnt",
    "The fire brigade cut the power",
    datetime(2026, 11, 27, 12, tzinfo=UTC),
    datetime(2026, 11, 27, 12, 0, 3, tzinfo=UTC),
)

WENT_BACK_TO = datetime(2026, 11, 27, 11, tzinfo=UTC)


def lead(log: Log, order: SitePromoted = ORDER) -> None:  # noqa: F811 - the fixture
    engine = create_engine(
        "postgresql+psycopg2://", creator=lambda: psycopg2.connect(log.owner_url)
    )
    try:
        with Session(engine) as session, session.begin():
            settle(session, log.store, log.keys, order, CONSOLE)
    finally:
        engine.dispose()


def promotion(log: Log):  # noqa: F811
    log.ship_all()
    wanted = AuditFilter(actions=frozenset({Action.CLUSTER_PROMOTE_SITE}))
    (entry,) = log.store.find(wanted)
    return entry


def test_a_log_that_is_as_far_as_the_rows_goes_on_and_says_who_lets_lead(log):  # noqa: F811
    log.happen(3)
    log.ship_all()

    lead(log)

    entry = promotion(log)
    assert (entry.reason, entry.details["cut_off"]) == (ORDER.reason, ORDER.cut_off)
    assert entry.details["lost_entries"] == 0
    assert log.verify().is_whole


def test_what_the_log_has_and_the_rows_have_lost_is_not_added_twice(log):  # noqa: F811
    log.happen(3)
    log.ship_all()
    former = log.head()
    log.happen(2)
    log.ship_all()
    log.set_head(*former)

    lead(log)

    assert promotion(log).details["lost_entries"] == 0
    assert (log.verify().is_whole, log.verify().last) == (True, 5 + 2)


def test_entries_that_only_the_lost_site_had_are_counted_and_the_log_goes_on(log):  # noqa: F811
    log.happen(5)
    log.ship_all()
    log.entries.delete_many({"_id": {"$gt": 3}})

    lead(log)

    assert promotion(log).details["lost_entries"] == 2
    verdict = log.verify()
    assert (verdict.is_whole, verdict.last) == (True, 3 + 2)


def test_where_all_of_the_log_was_lost_all_of_it_is_counted(log):  # noqa: F811
    log.happen(3)
    log.ship_all()
    log.entries.delete_many({})

    lead(log)

    assert promotion(log).details["lost_entries"] == 3


def test_nobody_leads_with_rows_of_an_unknown_time(log):  # noqa: F811
    order = SitePromoted("north", ORDER.reason, ORDER.cut_off, None, None)

    with pytest.raises(
        CannotStart, match="It is not known how recent the rows here are"
    ):
        lead(log, order)


def undone(log: Log) -> datetime | None:  # noqa: F811
    """Ask as the promotion of the site does."""
    to: datetime | None = log.write(lambda session: went_back_to(session, log.store))
    return to


def go_back(log: Log) -> None:  # noqa: F811
    """Record in the log that the main site went back, as it does itself."""
    log.write(
        lambda session: ledger.record_going_back(
            session,
            CONSOLE,
            "A table was dropped",
            Since(),
            to=WENT_BACK_TO,
            set_id="20261127-110000",
            is_complete=True,
        )
    )
    log.ship_all()


def test_rows_of_before_the_main_site_went_back_are_known_as_such(log):  # noqa: F811
    log.happen(3)
    log.ship_all()
    former = log.head()
    go_back(log)
    # Rows that have the entry themselves went back as well.
    assert undone(log) is None

    log.set_head(*former)

    assert undone(log) == WENT_BACK_TO


def test_a_log_that_is_behind_the_rows_tells_of_no_going_back(log):  # noqa: F811
    log.happen(3)
    go_back(log)
    log.entries.delete_many({"_id": {"$gt": 2}})

    assert undone(log) is None
