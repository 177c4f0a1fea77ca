"""Restore drills: requested or planned, one at a time, and each ends somehow."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from db.models.integrity import RestoreDrill as DrillRow
from services.backups import drills
from services.backups.drills import DrillRequested
from services.core.errors import NotAllowed
from tests.kit.audit_events import events_of
from tests.kit.backup_sets import DRILLED


def test_one_is_asked_for_and_written_down(session, admin):
    drill = drills.request_drill(session, admin)

    assert drill.is_open
    assert drill.requested_by_name == admin.name
    assert drills.list_drills(session, admin, 9) == (drill,)
    assert drills.newest_drill(session) == drill
    (event,) = events_of(session)
    assert (event.action, event.subject_id) == ("backup:drill", str(drill.id))


def test_one_by_plan_is_nobodys(session, admin):
    drills.plan_drill(session)

    drill = drills.newest_drill(session)
    assert (drill.requested_by_name, drill.is_open) == (None, True)
    # No second one is opened while it runs, whoever requests it.
    drills.plan_drill(session)
    with pytest.raises(DrillRequested, match="wait until it has ended"):
        drills.request_drill(session, admin)
    assert drills.list_drills(session, admin, 9) == (drill,)


def test_one_of_a_clock_that_was_ahead_hides_no_other(session, admin):
    ahead = drills.request_drill(session, admin)
    drills.end_drill(session, ahead.id, proof=DRILLED)
    late = ahead.requested_at + timedelta(days=365)
    session.execute(update(DrillRow).values(requested_at=late))
    drill = drills.request_drill(session, admin)

    assert drills.newest_drill(session) == drill
    drills.end_drill(session, drill.id, proof=DRILLED)
    newest = drills.newest_drill_of(session, of_copy=False, until=drill.requested_at)
    assert newest.id == drill.id


def test_what_was_proven_is_kept_as_it_was_measured(session, admin):
    drill = drills.request_drill(session, admin)
    drills.begin_drill(session, drill.id)
    drills.end_drill(session, drill.id, proof=DRILLED)
    drills.end_drill(session, drill.id, failure="The disk is full.")

    ended = drills.newest_drill(session)
    assert ended.begun_at <= ended.ended_at
    assert (ended.proof, ended.failure) == (DRILLED, None)
    assert ended.proof.drill.megabytes_per_second == pytest.approx(36.0)
    assert drills.request_drill(session, admin).id != drill.id


def test_the_last_proof_is_that_of_the_last_that_was_not_broken(session, admin, clerk):
    assert (drills.last_proof(session, admin), drills.last_proven_at(session)) == (
        None,
        None,
    )
    proven = drills.request_drill(session, admin)
    drills.end_drill(session, proven.id, proof=DRILLED)
    broken = drills.request_drill(session, admin)
    drills.end_drill(session, broken.id, failure="The disk is full.")

    assert drills.last_proof(session, admin) == DRILLED
    assert drills.last_proven_at(session) is not None
    with pytest.raises(NotAllowed):
        drills.last_proof(session, clerk)


def test_a_broken_one_says_why(session, admin):
    drill = drills.request_drill(session, admin)
    drills.end_drill(session, drill.id, failure="base of backup 7 was changed.")

    ended = drills.newest_drill(session)
    assert (ended.proof, ended.failure) == (None, "base of backup 7 was changed.")


def test_a_result_that_this_version_cannot_read_is_none(session, admin):
    drills.request_drill(session, admin)
    row = session.scalars(select(DrillRow)).one()
    row.ended_at, row.result = row.requested_at, {"of": "a later version"}
    session.flush()

    assert drills.newest_drill(session).proof is None


def test_an_end_without_a_word_is_refused_by_the_database(session, admin):
    drill = drills.request_drill(session, admin)

    with pytest.raises(IntegrityError, match="restore_drills_end_says_how"):
        drills.end_drill(session, drill.id)


def test_the_database_itself_keeps_a_second_out(session, admin):
    drills.request_drill(session, admin)
    session.add(DrillRow())

    with pytest.raises(IntegrityError, match="restore_drills_open_once"):
        session.flush()


def test_others_neither_ask_nor_see(session, clerk):
    with pytest.raises(NotAllowed):
        drills.request_drill(session, clerk)
    with pytest.raises(NotAllowed):
        drills.list_drills(session, clerk, 9)


def test_one_of_the_copy_is_told_from_those_of_the_backups_here(session, admin):
    own = drills.request_drill(session, admin)
    drills.end_drill(session, own.id, proof=DRILLED)
    copied = drills.request_drill(session, admin, of_copy=True)

    assert (own.of_copy, copied.of_copy) == (False, True)
    assert drills.newest_drill_of(session, of_copy=False).id == own.id
    assert drills.newest_drill_of(session, of_copy=True) == copied
    events = events_of(session)
    assert [event.details for event in events] == [{}, {"of_copy": True}]
    # One at a time, whatever it restores from.
    with pytest.raises(DrillRequested):
        drills.request_drill(session, admin)
