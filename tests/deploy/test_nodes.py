"""The PostgreSQL nodes and etcd of docker-compose.yml, run as it says."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg2
import pytest

from db.embedded.processes.programs import find
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
    """A primary, a replica and the delayed standby, agreeing by three of etcd."""
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
            _await(machine, member, 2379, "/health")
        for node in _NODES:
            held.enter_context(machine.running(node, **_places(machine, node)))
            _await(machine, node, 8008, "/health")
        yield machine


def _places(machine: Machine, node: str) -> dict[str, str]:
    """Return what is elsewhere in a container."""
    data = machine.data(node)
    port = machine.port(node, 5432)
    return {
        "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{machine.port(node, 8008)}",
        "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{port}",
        "PATRONI_POSTGRESQL_BIN_DIR": str(find(machine.folder).postgres.parent),
        "PATRONI_POSTGRESQL_DATA_DIR": str(data / "postgres"),
        "PATRONI_POSTGRESQL_PGPASS": str(data / "pgpass"),
        "TMPDIR": str(data),
    }


def _await(machine: Machine, service: str, inside: int, path: str) -> None:
    def unanswered() -> str:
        """Return the end of its log for as long as it does not answer."""
        try:
            _ask(machine, service, inside, path)
        except OSError:
            log = (machine.folder / f"{service}.log").read_text()
            return log[-3000:] or "It has said nothing."
        return ""

    eventually(unanswered, lambda log: not log, seconds=_SECONDS)


def _ask(machine: Machine, service: str, inside: int, path: str) -> Any:
    address = f"http://127.0.0.1:{machine.port(service, inside)}{path}"
    with urlopen(address, timeout=5) as answer:
        return json.load(answer)


def _query(machine: Machine, node: str, login: str, secret: str, question: str) -> Any:
    password = (machine.secrets / secret).read_text()
    port = machine.port(node, 5432)
    url = f"postgresql://{login}:{password}@127.0.0.1:{port}/chartroom"
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()


def test_three_members_agree_on_one_leader(machine: Machine):
    assert _ask(machine, "db-main", 8008, "/primary")["role"] == "primary"
    for member in _MEMBERS:
        assert _ask(machine, member, 2379, "/health")["health"] == "true"


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
        answer = _ask(machine, "db-main", 8008, "/cluster")
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
