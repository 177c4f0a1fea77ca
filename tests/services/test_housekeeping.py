"""Only what nobody can need any more is deleted."""

from datetime import timedelta

from sqlalchemy import func, select, text, update

from db.models import StoredCriteria
from services import background, housekeeping, people, views
from services.criteria import Criteria


def _remember(session, actor, search, days_ago):
    key = views.remember(session, actor, Criteria(search=search))
    session.execute(
        update(StoredCriteria)
        .where(StoredCriteria.key == key)
        .values(used_at=func.now() - timedelta(days=days_ago))
    )
    return key


def test_criteria_go_when_unused_for_a_year_unless_somebody_saved_them(session):
    people.ensure_demo_people(session)
    rosa = people.demo_people(session)[0]
    _remember(session, rosa, "old", 366)
    recent = _remember(session, rosa, "recent", 364)
    saved = _remember(session, rosa, "saved", 3660)
    views.save_view(session, rosa, "Mine", saved)

    purged = housekeeping.purge_unused_criteria(session)

    assert purged == 1
    assert set(session.scalars(select(StoredCriteria.key))) == {recent, saved}


def _beat(session, seconds_ago):
    session.execute(
        text(
            "INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() - make_interval(secs => :seconds))"
        ),
        {"seconds": seconds_ago},
    )


def test_a_worker_is_at_work_while_its_heart_beats(session):
    assert not background.worker_state(session).is_at_work

    _beat(session, 3600)
    assert not background.worker_state(session).is_at_work

    _beat(session, 1)
    assert background.worker_state(session).is_at_work
