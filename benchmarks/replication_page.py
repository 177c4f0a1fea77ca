"""The replication page with a month of samples: at most 150 ms for a whole rerun.

Run as `python -m benchmarks.replication_page`; CHARTROOM_TEST_CLUSTER names a cluster
to use. Each line is one span of the page. "read" is the page's database queries, with
events, alerts and history. "opened" and "rerun" are the served page, requested over the
websocket as a browser does, from the request to the end of its script: by a session
that has yet to read all of it, and by one that shows it already.
"""

import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode
from uuid import uuid4

import psycopg2
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.fresh import endpoints
from benchmarks.pages import opened, signed_in
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.cluster import alerts, monitoring
from services.core.actors import Actor, Role
from services.people.accounts import demo_accounts
from tests.browser.running import chartroom
from tests.conftest import owner

MOST_SECONDS = 0.150
_ROUNDS = 20
_SPANS = {
    "1 hour": timedelta(hours=1),
    "24 hours": timedelta(days=1),
    "30 days": timedelta(days=30),
}
_BOSS = Actor(uuid4(), "Bea Boss", Role.ADMIN)
_FILL = """
INSERT INTO replication_samples
SELECT resolution, at, 'db-0' || node,
    CASE node WHEN 1 THEN 'primary' ELSE 'replica' END,
    CASE node WHEN 1 THEN 'leading' ELSE 'streaming' END || ' on timeline 7', 7,
    random(), random(), random(), 2 * random(), 1e6 * random(), 2e6 * random(),
    CASE node WHEN 1 THEN 1e6 * random() END, 20, 5e10, 1e6 * random()
FROM (VALUES (1, interval '1 hour'), (10, interval '1 day'), (300, interval '30 days'))
        AS kept (resolution, age),
    generate_series(date_bin(make_interval(secs => resolution), now(), 'epoch') - age,
                    now(), make_interval(secs => resolution)) AS at,
    generate_series(1, 3) AS node
"""
_HAPPENED = """
INSERT INTO cluster_operations (kind, state, started_at, ended_at, former_primary,
    new_primary, downtime_seconds, reason)
SELECT 'switchover', 'done', now() - day * interval '1 day',
    now() - day * interval '1 day' + interval '2 seconds', 'db-01', 'db-02', 1.2, 'Dr'
FROM generate_series(0, 30, 0.25) AS day
"""
_ALARMED = """
INSERT INTO alerts (kind, node, began_at, ended_at, value, worst, sentence)
SELECT 'lag', 'db-02', now() - day * interval '1 day',
    now() - day * interval '1 day' + interval '1 minute', 12, 34, 'db-02 is late.'
FROM generate_series(0, 30, 0.1) AS day
"""


def main() -> float:
    """Print the lines, and return the slowest rerun in seconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        closing(Database(fresh)) as database,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        database.write(_fill, identity=SYSTEM)
        _settle(fresh)
        for name, span in _SPANS.items():
            _time(f"{name}, read", _reading(database, span))
        with chartroom(fresh, Path(folder), is_cold=True) as address:
            cookie = signed_in(address, "ines.carvalho@example.org")
            return max(_time_page(address, cookie, name) for name in _SPANS)


def _time_page(address: str, cookie: str, name: str) -> float:
    """Print how long the page takes with a period, and return the rerun's time."""
    query = urlencode({"replication_period": name})

    def open_anew() -> None:
        with opened(address, "replication", cookie=cookie, query=query):
            pass

    _time(f"{name}, opened", open_anew)
    with opened(address, "replication", cookie=cookie, query=query) as tab:
        return _time(f"{name}, rerun", tab.rerun)


def _fill(session: Session) -> None:
    for statement in (_FILL, _HAPPENED, _ALARMED):
        session.execute(text(statement))


def _settle(fresh: Endpoints) -> None:
    """Give the planner the statistics that autovacuum would have gathered."""
    with closing(psycopg2.connect(owner(fresh))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _time(name: str, operation: Callable[[], object]) -> float:
    operation()
    took: list[float] = []
    for _ in range(_ROUNDS):
        began = perf_counter()
        operation()
        took.append(perf_counter() - began)
    times = f"{median(took) * 1000:.1f} ms, fastest {min(took) * 1000:.1f} ms"
    print(
        f"replication page, {name}: {times} (at most {MOST_SECONDS * 1000:.0f} ms)",
        flush=True,
    )
    return median(took)


def _reading(database: Database, span: timedelta) -> Callable[[], object]:
    return lambda: database.read_latest(
        lambda session: _look(session, span), identity=_BOSS.database_identity
    )


def _look(session: Session, span: timedelta) -> None:
    now = datetime.now(UTC)
    monitoring.read_samples(session, _BOSS, now - span, now)
    monitoring.list_events(session, _BOSS, now - span, now)
    monitoring.list_operations(session, _BOSS, limit=10)
    alerts.list_open(session, _BOSS)
    alerts.list_rules(session, _BOSS)


if __name__ == "__main__":
    main()
