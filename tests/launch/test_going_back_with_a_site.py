"""The main site goes back in time, and another site that follows it goes along."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from db import embedded
from db.backups.repository import Repository
from tests.kit.waiting import eventually
from tests.launch.launcher import Launcher
from tests.launch.steady_work import SteadyWork
from tests.launch.test_lost_machine import ask, leads_to
from tests.launch.test_lost_site import let_join, said, shrink

pytestmark = pytest.mark.launch


def patients_at(site: Launcher) -> set[int | None]:
    """Return how many patients the servers of a site know; None of one that is away."""
    addresses = embedded.attach(site.data)
    counts: set[int | None] = set()
    for name in addresses.members.ordinary:
        url = addresses.node_url(name, "postgres", "chartroom")
        try:
            with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM patients")
                counts.add(cursor.fetchone()[0])
        except psycopg2.Error:
            counts.add(None)
    return counts


def reaches(main: Launcher, at: datetime) -> bool:
    return leads_to(Repository(main.data / "backups")) > at


def test_a_site_follows_the_main_one_back_in_time_by_itself(
    launch: Callable[..., Launcher], tmp_path: Path
):
    main = launch(tmp_path / "main", "--empty", is_warm=True)
    shrink(main.data)
    main.start()
    north = launch(tmp_path / "north", is_warm=True)
    main.await_ready()
    let_join(main, north, tmp_path / "north.invitation")
    said("backup", "--data", main.data)
    # The log goes on from the backup before anything is copied.
    now = datetime.now(UTC)
    eventually(lambda: reaches(main, now))
    north.start(CHARTROOM_RETRY_SECONDS="3")
    north.await_saying("the standby site north")
    to = datetime.now(UTC)
    eventually(lambda: reaches(main, to + timedelta(seconds=1)))
    before = ask(main.data, "SELECT count(*) FROM patients")
    # What is undone has reached the site.
    SteadyWork.of(main).do_each_once()
    undone = ask(main.data, "SELECT count(*) FROM patients")
    assert undone > before
    eventually(lambda: patients_at(north), lambda counts: counts == {undone})

    said(
        *("restore", "--to", to.isoformat(), "--go-back", "--data", main.data),
        *("--reason", "A table was dropped"),
        given="Your clinic\n",
    )

    assert ask(main.data, "SELECT count(*) FROM patients") == before
    eventually(lambda: patients_at(north), lambda counts: counts == {before})
    SteadyWork.of(main).do_each_once()
    since = ask(main.data, "SELECT count(*) FROM patients")
    assert since > before
    eventually(lambda: patients_at(north), lambda counts: counts == {since})
