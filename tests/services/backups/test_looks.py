"""An earlier time to look around in: requested, open, and ended by those who may."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from db.models.audit import AuditEvent
from db.models.integrity import RestoreLook as LookRow
from services.backups import BackupWindow, LogState, looks
from services.core.errors import InvalidInput, NotFound
from tests.kit import backup_sets, cast
from tests.kit.audit_events import events_of

TO = backup_sets.AS_OF + timedelta(minutes=3)
LOG = LogState((BackupWindow(backup_sets.AS_OF, TO + timedelta(hours=1)),))


@pytest.fixture
def boss():
    return cast.act_as(cast.ADAM)


@pytest.fixture
def clerk():
    return cast.act_as(cast.CLEO)


@pytest.fixture
def look(session, boss):
    return looks.request_look(session, boss, TO, LOG)


def test_it_is_asked_for_once_at_a_time_and_written_down(session, boss, look):
    assert look.is_awaited
    assert not look.is_open
    assert (look.to, look.requested_by_name) == (TO, boss.name)
    with pytest.raises(looks.LookRequested, match="end that first"):
        looks.request_look(session, boss, TO, LOG)
    (event,) = events_of(session)
    assert (event.action, event.subject_id) == ("backup:open-look", str(look.id))
    assert event.details == {"to": "2026-11-25T02:03:07Z"}
    session.add(LookRow(as_of=TO, requested_by=boss.id, requested_by_name="Adam"))
    with pytest.raises(IntegrityError, match="restore_looks_open_once"):
        session.flush()


def test_a_time_that_no_backup_leads_to_is_refused(session, boss):
    late = TO + timedelta(hours=2)

    with pytest.raises(InvalidInput, match="No backup leads to this time"):
        looks.request_look(session, boss, late, LOG)

    assert looks.unended_look(session) is None


def test_whoever_copies_back_finds_what_is_open_alone(session, boss, clerk, look):
    assert looks.find_open_look(session, clerk) is None

    assert looks.note_open(session, look.id, 5433)

    opened = looks.find_open_look(session, clerk)
    assert (opened.id, opened.port) == (look.id, 5433)
    assert opened.closes_at == opened.opened_at + timedelta(hours=1)
    looks.close_look(session, boss, look.id)
    assert looks.find_open_look(session, clerk) is None
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["backup:open-look", "backup:close-look"]


def test_a_use_keeps_it_open_and_is_noted_once_a_minute(session, clerk, look):
    looks.note_open(session, look.id, 5433)
    opened = looks.find_open_look(session, clerk)
    looks.note_use(session, clerk, look.id)
    assert looks.find_open_look(session, clerk).used_at == opened.used_at
    before = opened.used_at - timedelta(minutes=2)
    session.execute(update(LookRow).values(used_at=before))

    looks.note_use(session, clerk, look.id)

    assert looks.find_open_look(session, clerk).used_at == opened.used_at


def test_what_has_ended_is_used_and_ended_no_more(session, boss, clerk, look):
    looks.end_look(session, look.id, failure="There is no backup.")
    looks.end_look(session, look.id, failure="Too late.")

    assert looks.newest_look(session, boss).failure == "There is no backup."
    assert not looks.note_open(session, look.id, 5433)
    with pytest.raises(looks.LookEnded):
        looks.note_use(session, clerk, look.id)
    with pytest.raises(NotFound, match="already ended"):
        looks.close_look(session, boss, look.id)
    with pytest.raises(NotFound):
        looks.close_look(session, boss, uuid4())
    with pytest.raises(IntegrityError, match="restore_looks_open_somewhere"):
        session.execute(text("UPDATE restore_looks SET port = 1"))


def test_another_server_at_its_port_is_not_taken_for_it(session, look):
    with pytest.raises(looks.LookEnded):
        looks.require_same(session, look)
