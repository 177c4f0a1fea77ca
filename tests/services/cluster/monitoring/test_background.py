"""Whether a worker is running, judged by its heartbeats."""

from sqlalchemy import text

from services.cluster.monitoring import background


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
