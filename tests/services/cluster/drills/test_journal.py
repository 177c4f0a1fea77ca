"""Drills are recorded: who began which, one at a time, and what they cost."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.replication import Drill, WriteProbe
from db.models.user import UserNotification
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillMeasurements, DrillRunning
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.people.sign_in.confirmations import NotConfirmed
from tests.services.people.people_samples import desk

GOOD = DrillMeasurements(
    1.2, 0.0, acknowledged=500, lost=0, errors=0, facts=("As it was.",)
)


@pytest.fixture
def begun(session, boss):
    return drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)


def read(session, boss, drill_id):
    session.expire_all()
    listed = drills.list_drills(session, boss.actor)
    return next(drill for drill in listed if drill.id == drill_id)


def grow_old(session, drill_id):
    before = func.now() - timedelta(minutes=4)
    session.execute(update(Drill).where(Drill.id == drill_id).values(seen_at=before))


def test_a_drill_that_began_is_running_in_its_actors_name(session, boss, begun):
    record = read(session, boss, begun)

    assert (record.kind, record.state) == (DrillKind.CRASH, "running")
    assert record.actor_name == boss.actor.name
    assert [drill.id for drill in drills.list_drills(session, boss.actor)] == [begun]


def test_without_a_fresh_passkey_no_drill_begins(session):
    boss = desk(session, method="code")

    with pytest.raises(NotConfirmed):
        drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN, Role.ANALYST])
def test_only_administrators_practise_disasters(session, role):
    somebody = desk(session, role)

    with pytest.raises(NotAllowed):
        drills.begin(session, somebody.actor, DrillKind.CRASH, **somebody.fresh)


def test_two_drills_at_once_are_refused(session, boss, begun):
    with pytest.raises(DrillRunning, match="wait until it has ended"):
        drills.begin(session, boss.actor, DrillKind.LOST_NODE, **boss.fresh)


def test_a_drill_whose_process_died_does_not_bar_the_next(session, boss, begun):
    grow_old(session, begun)

    drills.begin(session, boss.actor, DrillKind.LOST_NODE, **boss.fresh)


def test_an_abandoned_drill_is_closed_and_one_that_goes_on_is_not(session, boss, begun):
    drills.close_abandoned(session)
    assert read(session, boss, begun).state == "running"

    grow_old(session, begun)
    drills.close_abandoned(session)

    assert read(session, boss, begun).state == "failed"


def test_a_sign_of_life_keeps_a_drill_open(session, boss, begun):
    grow_old(session, begun)

    drills.touch(session, begun)
    drills.close_abandoned(session)

    assert read(session, boss, begun).state == "running"


def test_the_end_keeps_what_was_measured_and_what_was_promised_then(
    session, boss, begun
):
    steps = [{"seconds": 2.0, "sentence": "Killing PostgreSQL of db-01"}]
    drills.finish(session, begun, DrillKind.CRASH, GOOD, node="db-01", steps=steps)

    record = read(session, boss, begun)

    assert (record.state, record.node, record.rto_seconds) == ("kept", "db-01", 1.2)
    assert (record.acknowledged, record.lost, record.errors) == (500, 0, 0)
    assert record.result["promise"]["rto_seconds"] == 2.5
    assert record.result["steps"] == steps
    assert record.result["facts"] == ["As it was."]
    assert record.sentence.startswith("Writing paused for 1.2 s")


def test_an_end_is_written_and_told_once(session, boss, begun):
    desk(session, Role.STAFF)
    drills.give_up(session, begun, "No replica follows.", skipped=False)
    drills.finish(session, begun, DrillKind.CRASH, GOOD, node="db-01")

    record = read(session, boss, begun)

    assert (record.state, record.sentence) == ("failed", "No replica follows.")
    (notification,) = session.scalars(select(UserNotification))
    assert (notification.user_id, notification.topic, notification.subject_id) == (
        boss.actor.id,
        "drill",
        begun,
    )
    assert notification.detail == "Crashed primary. No replica follows."


@pytest.mark.parametrize("end", ["given up", "abandoned"])
def test_which_server_it_was_stands_however_the_drill_ends(session, boss, begun, end):
    drills.note_server(session, begun, "db-02")

    if end == "given up":
        drills.give_up(session, begun, "It broke off.", skipped=False)
    else:
        grow_old(session, begun)
        drills.close_abandoned(session)

    record = read(session, boss, begun)
    assert (record.state, record.node) == ("failed", "db-02")


def test_what_writers_left_is_compared_and_then_thrown_away(session, begun):
    session.add_all(WriteProbe(run_id=begun, writer=0, number=n) for n in (1, 2))
    session.flush()
    assert drills.list_writes(session, begun) == {(0, 1), (0, 2)}

    drills.forget_writes(session, begun)

    assert drills.list_writes(session, begun) == frozenset()
