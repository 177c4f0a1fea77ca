"""The steps of a drill, on servers that need not be there: what is waited for."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from db.cluster.fault_kinds import Fault
from db.cluster.patroni import PatroniSilent
from db.cluster.patroni.members import PatroniMember, PatroniMembers
from jobs.cluster.practice import drill_run, scenarios
from jobs.cluster.practice.drill_report import DrillTimeline
from jobs.cluster.practice.drill_run import DrillRun
from services.cluster.drill_kinds import DrillKind

MOST_PAUSES = 20


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail at once instead of waiting for what never comes."""
    pauses = iter(range(MOST_PAUSES))

    def pause(_: float) -> None:
        assert next(pauses, None) is not None, "It waits for what has passed."

    monkeypatch.setattr(drill_run, "sleep", pause)


class Servers:
    """A primary and a replica, what they report, and the people who write there."""

    def __init__(self) -> None:
        self.leader = "db-01"
        self.timeline = 1
        self.replica_is = "streaming"
        self.began_at = "2026-11-29 10:00:00.000000+00:00"
        self.names = ("db-01", "db-02")
        # How often the replica's Patroni does not answer in time.
        self.silences = 0
        self.inflicted: Callable[[], None] = lambda: None

    # As Patroni.
    def cluster(self) -> PatroniMembers:
        other = next(name for name in self.names if name != self.leader)
        return PatroniMembers(
            (
                PatroniMember(self.leader, "leader", "running"),
                PatroniMember(other, "quorum_standby", self.replica_is),
            )
        )

    def state_of(self, name: str) -> dict[str, str]:
        assert name == "db-02"
        self.silences -= 1
        if self.silences >= 0:
            raise PatroniSilent
        return {"postmaster_start_time": self.began_at}

    # As the launcher.
    def inflict(self, *_: object, **__: object) -> None:
        self.inflicted()

    def heal(self, *_: object) -> None:
        """Leave everything as it is."""

    def evidence(self, *_: object) -> str:
        return "It was full."

    def run(self, kind: DrillKind) -> DrillRun:
        """Return a drill on these servers."""
        people = SimpleNamespace(
            timeline=lambda: self.timeline,
            has_written_since=lambda _: True,
            write_ballast=self.write_ballast,
        )
        timeline = DrillTimeline(lambda _: None, as_json=True)
        return DrillRun(kind, self, self, people, timeline, lambda _: None)

    def write_ballast(self) -> bool:
        """Write what a full disk has no room for."""
        self.replica_is = "stopped"
        return True


@pytest.fixture
def servers() -> Servers:
    return Servers()


def test_a_server_that_takes_over_before_the_launcher_has_answered_is_noticed(
    servers: Servers,
):
    def take_over() -> None:
        servers.leader, servers.timeline = "db-02", 2

    servers.inflicted = take_over
    run = servers.run(DrillKind.LOST_NODE)

    with run.broken(Fault.KILL_NODE, "db-01"):
        run.await_other_primary()

    assert run.timeline.steps[-1]["sentence"] == "db-02 takes writes"


def test_a_replica_whose_restart_is_over_before_anybody_looked_is_noticed(
    servers: Servers,
):
    def start_again() -> None:
        servers.began_at = "2026-11-29 10:00:07.000000+00:00"

    servers.inflicted = start_again
    run = servers.run(DrillKind.FULL_DISK)

    scenarios.fill_disk(run)

    assert run.evidence == "It was full."


def test_what_a_replica_was_before_its_restart_is_not_taken_for_what_it_is(
    servers: Servers,
):
    servers.silences = 2
    run = servers.run(DrillKind.FULL_DISK)

    with pytest.raises(AssertionError, match="It waits"):
        scenarios.fill_disk(run)

    assert run.timeline.steps[-1]["sentence"].endswith("db-02 starts again")
