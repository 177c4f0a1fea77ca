"""MongoDB's three members of docker-compose.yml, started and initiated as it says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from db.mongo import audit_access, audit_store, replica_set
from db.mongo.exposure import find_exposed
from tests.browser.running import free_port
from tests.deploy.conftest import ROOT
from tests.deploy.mongo_image import start_member
from tests.kit.scratch import scratch_folder

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def members(
    compose: dict[str, Any], secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """The three members, each started as docker-compose.yml says."""
    ports = [free_port() for _ in range(3)]
    with ExitStack() as held:
        folder = held.enter_context(scratch_folder(tmp_path_factory, "mongo"))
        for number, port in enumerate(ports, 1):
            said = compose["services"][f"mongo-{number}"].get("environment", {})
            process = start_member(folder, secrets, port, said)
            held.callback(process.wait, 30)
            # Without a kill, a primary would first look for a successor.
            held.callback(process.kill)
        yield [f"127.0.0.1:{port}" for port in ports]


@pytest.fixture(scope="module")
def founded(compose: dict[str, Any], secrets: Path, members: list[str]) -> list[str]:
    """The three members, initiated as a replica set."""
    _initiate(compose, secrets, members)
    return members


def _initiate(compose: dict[str, Any], secrets: Path, members: list[str]) -> None:
    command = compose["services"]["files"]["command"][1:]
    subprocess.run(
        [sys.executable, "deploy/entry.py", sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"SECRETS": str(secrets), "MONGO_MEMBERS": ",".join(members)},
        check=True,
    )


def _url(members: list[str], user: str, secret: Path) -> str:
    login = f"{user}:{secret.read_text()}"
    return (
        f"mongodb://{login}@{','.join(members)}/?replicaSet=chartroom&authSource=admin"
        "&w=majority"
    )


def test_three_members_become_a_set_with_chartrooms_two_users(
    compose: dict[str, Any], secrets: Path, founded: list[str]
):
    # A second time, since Compose runs it at every start.
    _initiate(compose, secrets, founded)

    url = _url(founded, "chartroom", secrets / "MONGO_PASSWORD")
    with MongoClient[dict[str, Any]](url) as client:
        client["chartroom"]["tried"].insert_one({"_id": 1})
        assert len(client.nodes) == 3
    url = _url(founded, "chartroom_audit", secrets / "MONGO_AUDIT_PASSWORD")
    with MongoClient[dict[str, Any]](url) as client:
        log = client[audit_store.DATABASE][audit_store.COLLECTION]
        log.insert_one({"event": 1})
        with pytest.raises(OperationFailure, match="not authorized"):
            log.delete_one({"event": 1})
    url = _url(founded, "admin", secrets / "MONGO_ADMIN_PASSWORD")
    with MongoClient[dict[str, Any]](url) as client:
        log = client[audit_store.DATABASE][audit_store.COLLECTION]
        indexed = [list(index["key"].items()) for index in log.list_indexes()]
    assert indexed[1:] == [list(keys.items()) for keys, _ in audit_access.INDEXES]


def test_every_member_is_seen_with_its_role_and_lag(secrets: Path, founded: list[str]):
    url = _url(founded, "chartroom", secrets / "MONGO_PASSWORD")
    with MongoClient[dict[str, Any]](url) as client:
        state = replica_set.observe(client, "chartroom", options={})

    assert {member.name for member in state.members} == set(founded)
    roles = sorted(member.role for member in state.members)
    assert roles == ["primary", "secondary", "secondary"]
    lags = [member.lag_seconds for member in state.members]
    assert all(lag is not None and lag < 60 for lag in lags)
    assert state.log_seconds is not None


def test_no_member_lets_strangers_read_its_memory(secrets: Path, founded: list[str]):
    assert find_exposed(_url(founded, "chartroom", secrets / "MONGO_PASSWORD")) == ()


def test_members_without_the_key_stay_outside(founded: list[str]):
    with (
        MongoClient[dict[str, Any]](
            f"mongodb://{founded[1]}/?directConnection=true"
        ) as c,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        c.admin.command("replSetGetStatus")
