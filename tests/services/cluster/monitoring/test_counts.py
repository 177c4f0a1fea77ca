"""What is counted of the servers for collectors of metrics."""

from datetime import UTC, datetime, timedelta

from db.models.replication import ClusterOperation
from services.cluster.monitoring import counts


def test_a_restart_of_the_primary_is_no_change_of_it(session):
    """The metric is called after the last change of the primary."""
    now = datetime.now(UTC)
    session.add_all(
        ClusterOperation(
            kind=kind, state="done", started_at=now - age, downtime_seconds=seconds
        )
        for kind, age, seconds in (
            ("failover", timedelta(hours=2), 0.5),
            ("switchover", timedelta(hours=1), 1.25),
            ("restart", timedelta(minutes=1), 8.0),
        )
    )
    session.flush()

    assert counts.count(session).downtime_seconds == 1.25
