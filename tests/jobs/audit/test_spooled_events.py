"""What was read without a primary is recorded by itself once there is one."""

from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Database
from db.spool import Spool
from jobs.audit.spooled_events import attempt, draining_spool
from services.core import audit
from services.core.audit import Action
from services.core.audit_without_primary import AuditSpool
from tests.kit.waiting import eventually

NOWHERE = "postgresql://nobody@127.0.0.1:1/gone?connect_timeout=1"


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints)) as database:
        # Until every server has been looked at once, no primary is known.
        database.write(lambda _: None, identity=SYSTEM)
        yield database


@pytest.fixture
def spool(tmp_path, file_keys, clerk):
    """A spool with one waiting look."""
    spool = AuditSpool(Spool(tmp_path / "spool", file_keys))
    spool.keep([audit.event_of(clerk, Action.PATIENT_LIST)])
    return spool


def count_events(database):
    count = select(func.count(AuditEvent.id))
    return database.read_latest(lambda s: s.scalar(count), identity=SYSTEM).value


@contextmanager
def headless(endpoints):
    alone = replace(endpoints, database_url=NOWHERE, replica_urls={})
    with closing(Database(alone, retry_seconds=0)) as database:
        database.nodes()
        yield database


def test_it_is_written_down_in_the_background(database, spool):
    with draining_spool(database, spool):
        eventually(lambda: spool.is_empty)

    assert count_events(database) == 1


def test_while_nobody_leads_it_is_not_even_tried(endpoints, spool, database):
    with headless(endpoints) as alone:
        assert attempt(alone, spool)

    assert not spool.is_empty
    assert count_events(database) == 0


def test_what_the_database_would_never_take_keeps_nothing_else_from_going_on(
    database, spool, clerk, caplog
):
    too_much = {"text": "Lovelace" * 40_000}
    spool.keep([audit.event_of(clerk, Action.PATIENT_LIST, details=too_much)])

    assert not attempt(database, spool)

    assert not spool.is_empty
    assert count_events(database) == 1
    assert "Lovelace" not in caplog.text
