"""Another site goes back in time with the main one, and is promoted once that is lost.

The promotion follows docs/runbooks/lost-site.md.
"""

import re
import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
import psycopg2
import pytest

from db import embedded
from db.backups.repository import Repository
from db.embedded.servers import membership
from db.embedded.servers.membership import Members
from db.embedded.sites import standby_site
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditFilter, AuditStore
from db.spool import Spool
from tests.kit import warm_start
from tests.kit.recovery_kits import PASSPHRASE
from tests.kit.waiting import eventually
from tests.launch.launcher import ROOT, Launcher
from tests.launch.steady_work import SteadyWork
from tests.launch.test_lost_machine import ask, leads_to, own_variables

pytestmark = pytest.mark.launch
_RUNBOOK = ROOT / "docs/runbooks/lost-site.md"
_COMMAND = re.compile(r"^ +\.venv/bin/python -m (dashboard .*)$", re.MULTILINE)
_REASON = "The main site has burnt down"
_CUT_OFF = "Ines Carvalho has seen the ashes, and the power is off"
# MongoDB writes its position into the oplog at least this often.
_OPLOG_NOTE = timedelta(seconds=12)


class Acknowledged(dict[str, str]):
    """What was acknowledged, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, datetime] = {}

    def __setitem__(self, key: str, value: str) -> None:
        self.at[key] = datetime.now(UTC)
        super().__setitem__(key, value)


def said(*words: object, given: str = "", code: int = 0) -> str:
    """Run a command, and return all its output."""
    whole = ["dashboard", *map(str, words)]
    ran = warm_start.run(whole, cwd=ROOT, env=own_variables(), given=given)
    assert ran.returncode == code, (ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


def by_the_runbook(command: str, **places: object) -> tuple[str, ...]:
    """Return a command of the runbook, with its placeholders filled in."""
    lines = [line for line in _COMMAND.findall(_RUNBOOK.read_text()) if command in line]
    assert len(lines) == 1, command
    named = {name: str(place) for name, place in places.items()}
    named["WHO and HOW"] = _CUT_OFF
    named["REASON"] = _REASON
    return tuple(named.get(word, word) for word in shlex.split(lines[0])[1:])


def shrink(data: Path) -> tuple[str, ...]:
    """Reduce a cluster that has not started to two servers; return its former names."""
    folder = embedded.DataFolder(data)
    folder.prepare()
    members = membership.remembered(folder)
    membership.remember(folder, Members(members.staying[:2]))
    return members.names


def let_join(main: Launcher, site: Launcher, invitation: Path) -> None:
    """Let another site follow, with one server less than usual."""
    twice = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    nowhere = ("--out", invitation / "in-no-folder", "--data", main.data)
    said("invite-site", "south", *nowhere, given=twice, code=1)
    # No log is kept for a site that has nothing to join with.
    assert not standby_site.invited(embedded.DataFolder(main.data))
    places = {"NAME": "north", "FILE": invitation}
    said(*by_the_runbook("invite-site", **places, DATA=main.data), given=twice)
    join = by_the_runbook("join-site", **places, NEW=site.data)
    assert "is now the site north" in said(*join, given=f"{PASSPHRASE}\n")
    assert shrink(site.data) == ("db-north-01", "db-north-02", "db-north-03")


def health(of: Launcher, token: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    whole: dict[str, object] = httpx.get(
        f"{of.address}/api/v1/health", headers=headers, timeout=20
    ).json()
    return whole


def shows_standby_site(main: Launcher, north: Launcher, work: SteadyWork) -> None:
    """Expect that each site shows its role, and that the other one is read-only."""
    keys = FileKeys(north.data / "secrets/file.keys")
    # Servers that have just gone back do not know their lag yet.
    brief = eventually(
        lambda: north.get("/health"), lambda at: at.json()["lag_seconds"] is not None
    )
    assert brief.status_code == HTTPStatus.OK
    assert (brief.json()["role"], brief.json()["status"]) == ("standby", "read-only")
    assert 0 <= brief.json()["lag_seconds"] < 60
    (site,) = eventually(lambda: health(main, work.token)["sites"])
    assert (site["name"], site["status"]) == ("north", "up")
    with closing(FileStore(embedded.attach(main.data).mongo.url, keys=keys)) as files:
        _, hidden = files.state().members
    assert hidden.role == "secondary"
    assert hidden.lag_seconds is not None
    reading = replace(work, address=north.address)
    assert reading.lost() == []
    headers = {"Authorization": f"Bearer {work.token}"}
    refused = httpx.post(
        f"{north.address}/api/v1/patients",
        headers=headers,
        json={"first_name": "No", "last_name": "Body", "date_of_birth": "2000-01-01"},
        timeout=60,
    )
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE, refused.text
    # What was read here is in the main site's audit log, before this site ever leads.
    with closing(Spool(north.data / "spool", keys)) as spool:
        assert eventually(lambda: spool.is_empty)


def patients_at(site: Launcher) -> set[int | None]:
    """Return how many patients each server of a site has; None for one that is away."""
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


def goes_back_along(main: Launcher, north: Launcher) -> None:
    """Let the main site go back in time, and expect that the other one goes along."""
    to = datetime.now(UTC)
    eventually(lambda: reaches(main, to + timedelta(seconds=1)))
    count = "SELECT count(*) FROM patients"
    before = ask(main.data, count)
    # What will be undone has reached the site.
    SteadyWork.of(main).do_each_once()
    undone = ask(main.data, count)
    assert undone > before
    eventually(lambda: patients_at(north), lambda counts: counts == {undone})
    said(
        *("restore", "--to", to.isoformat(), "--go-back", "--data", main.data),
        *("--reason", "A table was dropped"),
        given="Your clinic\n",
    )
    assert ask(main.data, count) == before
    eventually(lambda: patients_at(north), lambda counts: counts == {before})


def promoted_as_of(words: str) -> datetime:
    """Return the time until which nothing is lost, as the command reports it."""
    until = re.search(r"acknowledged until (\S+ \S+) UTC is here", words)
    assert until, words
    return datetime.fromisoformat(until[1]).replace(tzinfo=UTC)


def test_a_site_goes_back_with_the_main_one_and_replaces_it_once_it_is_lost(
    launch: Callable[..., Launcher], tmp_path: Path
):
    main = launch(tmp_path / "main", "--empty", is_warm=True)
    shrink(main.data)
    main.start()
    north = launch(tmp_path / "north", is_warm=True)
    main.await_ready()
    let_join(main, north, tmp_path / "north.invitation")
    # For this long a save waits for a primary, which never comes.
    north.start(CHARTROOM_RETRY_SECONDS="3")
    said("backup", "--data", main.data)
    north.await_saying("the standby site north")
    # None of its servers accepts changes.
    assert "  PostgreSQL standby leader  " in north.output
    assert "PostgreSQL primary" not in north.output
    goes_back_along(main, north)
    work = SteadyWork.of(main)
    work.patients, work.files = Acknowledged(), Acknowledged()
    work.do_each_once()
    shows_standby_site(main, north, work)
    promote = by_the_runbook("promote-site", DATA=north.data)

    # While the main site works no other one can lead.
    refused = said(*promote, given="north\n", code=1)
    assert "The main site still takes writes: Patroni at http://127.0.0.1:" in refused
    with work.going_on():
        eventually(lambda: len(work.files) > 5, seconds=30)
        main.cut_power()
        lost_at = datetime.now(UTC)

    # 3. It asks for everything that it needs to know.
    assert "Not confirmed" in said(*promote, given="south\n", code=1)
    words = said(*promote, given="north\n")

    as_of = promoted_as_of(words)
    assert lost_at - _OPLOG_NOTE <= as_of <= lost_at
    north.await_saying("The clinic is open here.")
    there = replace(work, address=north.address)
    kept = [f"patient {id_}" for id_, at in work.patients.at.items() if at <= as_of]
    kept += [f"file {id_}" for id_, at in work.files.at.items() if at <= as_of]
    assert len(kept) > 1
    assert set(there.lost()).isdisjoint(kept)
    there.do_each_once()

    # 4. Everything is well.
    status = said(*by_the_runbook("cluster status", DATA=north.data))
    assert status.startswith("Safe: 1 of 1 replica streaming")
    verify = by_the_runbook("verify-audit", DATA=north.data)
    assert "The audit log is whole" in said(*verify)
    promotion = recorded_promotion(north)
    assert promotion.reason == _REASON
    assert promotion.details["cut_off"] == _CUT_OFF
    assert promotion.details["lost_entries"] == 0
    assert ask(north.data, "SELECT count(*) FROM pg_replication_slots") == 1
    assert "role" not in north.get("/health").json()

    # 6. The former site is back, and reports that instead of accepting changes.
    main.start()
    assert main.await_end() == 1
    assert "The site north was promoted and is the clinic now" in main.output
    assert north.stop() == 0


def recorded_promotion(north: Launcher):
    """Return the audit log's entry of the promotion, once that is shipped."""
    with closing(AuditStore(embedded.attach(north.data).mongo.audit_url)) as store:
        wanted = AuditFilter(actions=frozenset({"cluster:promote-site"}))
        (entry,) = eventually(lambda: store.find(wanted), seconds=60)
    return entry
