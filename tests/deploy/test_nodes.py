"""The PostgreSQL nodes and etcd of docker-compose.yml, run as it says."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.deploy.composed import Machine
from tests.kit.scratch import scratch_folder
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_SECONDS = 90
_NODES = ("db-main", "db-slave-01", "db-delayed")
_MEMBERS = ("etcd-1", "etcd-2", "etcd-3")


@pytest.fixture(scope="module")
def machine(
    compose: dict[str, Any], secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A primary, a replica and the delayed standby, with an etcd of three members."""
    with ExitStack() as held:
        folder = held.enter_context(scratch_folder(tmp_path_factory, "machine"))
        for outer in (folder, folder.parent, folder.parent.parent):
            outer.chmod(0o755)
        machine = Machine(folder, secrets, compose["services"], {})
        for member in _MEMBERS:
            machine.port(member, 2379), machine.port(member, 2380)
        for node in _NODES:
            machine.port(node, 5432), machine.port(node, 8008)
        for member in _MEMBERS:
            held.enter_context(machine.running(member))
        for member in _MEMBERS:
            machine.await_answer(member, 2379, "/health")
        for node in _NODES:
            held.enter_context(machine.running_node(node))
        yield machine


def _query(machine: Machine, node: str, login: str, secret: str, question: str) -> Any:
    password = (machine.secrets / secret).read_text()
    port = machine.port(node, 5432)
    url = f"postgresql://{login}:{password}@127.0.0.1:{port}/chartroom"
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


def test_three_members_agree_on_one_leader(machine: Machine):
    assert machine.ask("db-main", 8008, "/primary")["role"] == "primary"
    for member in _MEMBERS:
        assert machine.ask(member, 2379, "/health")["health"] == "true"


def test_the_first_node_makes_chartrooms_logins_and_the_others_copy_them(
    machine: Machine,
):
    who = "SELECT current_user, pg_is_in_recovery()"
    for node, follows in (("db-main", False), ("db-slave-01", True)):
        row = _query(machine, node, "chartroom_app", "DB_APP_PASSWORD", who)
        assert row == ("chartroom_app", follows)


def test_commits_wait_for_the_replica_and_never_for_the_delayed_standby(
    machine: Machine,
):
    def members() -> dict[str, Any]:
        answer = machine.ask("db-main", 8008, "/cluster")
        return {member["name"]: member for member in answer["members"]}

    def role_of(name: str) -> str | None:
        return members().get(name, {}).get("role")

    eventually(
        lambda: role_of("db-slave-01"),
        lambda role: role == "quorum_standby",
        seconds=_SECONDS,
    )

    delayed = members()["db-delayed"]
    assert delayed["role"] == "replica"
    assert delayed["tags"]["nofailover"] is True
    assert delayed["tags"]["nosync"] is True


def test_the_delayed_standby_stays_a_quarter_of_an_hour_behind(machine: Machine):
    shown = _query(
        machine,
        "db-delayed",
        "chartroom_app",
        "DB_APP_PASSWORD",
        "SHOW recovery_min_apply_delay",
    )

    assert shown == ("15min",)
