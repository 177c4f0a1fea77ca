"""The commands of `cluster`, run as from a terminal.

The servers are shared with other tests: commands that would change them are tested
elsewhere.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from dashboard.cli.cluster_status import line_of
from db.models.replication import ClusterOperation
from services.cluster.operations import ServerSituation
from services.core.audit import Action
from tests.db.cluster.observing.snapshots import replica, silent
from tests.kit.audit_events import events_of

WHY = "Kernel update on db-01"


@pytest.fixture
def cluster(run):
    return partial(run, "cluster")


def test_status_names_every_server_and_who_should_lead_next(cluster, endpoints):
    ran = cluster("status")

    assert ran.returncode == 0
    assert ran.stdout.startswith("Safe: 2 of 2 replicas streaming")
    for name in endpoints.replica_urls:
        assert f"{name}  " in ran.stdout
    assert "  primary  running" in ran.stdout
    assert "Best choice: db-" in ran.stdout


@pytest.mark.parametrize(
    ("node", "wording"),
    [
        (None, "PostgreSQL is not answering"),
        (silent("db-02"), "PostgreSQL is not answering"),
        (
            replica(state="running but diverged at 0/5000148"),
            "PostgreSQL is running but diverged at 0/5000148",
        ),
    ],
    ids=["not seen", "silent", "started by hand"],
)
def test_without_its_patroni_a_server_is_told_as_it_was_seen(node, wording):
    lost = ServerSituation("db-02", "replica", "running", is_answering=False)

    line = line_of(lost, node)

    assert line.startswith(f"db-02  replica  Patroni does not answer, {wording}, ")


def tomorrow():
    return f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%S}"


def test_a_dry_run_does_nothing(cluster, kept):
    ran = cluster("switchover", "--dry-run")

    assert ran.returncode == 0
    assert "Log that would be lost, in bytes: 0." in ran.stdout
    assert kept.scalars(select(ClusterOperation)).all() == []


def test_without_a_reason_nothing_is_done(cluster, kept):
    ran = cluster("switchover", "--at", tomorrow())

    assert ran.returncode == 1
    assert "Enter a reason of at least 10 characters" in ran.stderr
    assert kept.scalars(select(ClusterOperation)).all() == []


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
def test_a_time_that_clocks_show_twice_or_never_is_refused(cluster, kept, day):
    at = f"{day}T02:30:00"
    ran = cluster("switchover", "--at", at, "--reason", WHY, TZ="Europe/Vienna")

    assert ran.returncode == 1
    assert ran.stderr.startswith("Clocks change in that hour, so that day and time")
    assert kept.scalars(select(ClusterOperation)).all() == []


def test_the_account_on_the_machine_is_proof_enough(cluster, kept):
    ran = cluster("switchover", "--at", tomorrow(), "--reason", WHY)

    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (
        0,
        "It is scheduled: a worker will carry it out at that time.",
    )
    (row,) = kept.scalars(select(ClusterOperation)).all()
    assert (row.kind, row.state, row.actor_name) == (
        "switchover",
        "scheduled",
        "console",
    )
    (event,) = events_of(kept, Action.CLUSTER_SWITCHOVER)
    assert event.reason == WHY


def test_settings_are_shown_with_what_they_do(cluster):
    ran = cluster("settings")

    assert "synchronous_mode = quorum" in ran.stdout
    assert "losing the primary loses nothing" in ran.stdout.replace("\n", " ")


def test_a_setting_that_cannot_be_is_refused_in_words(cluster):
    ran = cluster("settings", "ttl=5", "--reason", WHY)

    assert ran.returncode == 1
    assert "between 20 and 600" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [("--reason", WHY), ("--dry-run",)])
def test_a_failover_is_refused_while_the_primary_answers(cluster, words):
    ran = cluster("failover", *words)

    assert ran.returncode == 1
    assert "a switchover loses nothing" in ran.stderr


def test_without_patroni_the_command_says_so(run):
    ran = run("cluster", "status", CHARTROOM_PATRONI_URLS="")

    assert ran.returncode == 1
    assert "These servers are not managed by Patroni" in ran.stderr
