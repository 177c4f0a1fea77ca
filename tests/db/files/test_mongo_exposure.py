"""No MongoDB that Chartroom works with lets strangers read its memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from db.mongo.exposure import FIXED_IN, ExposedServer, find_exposed
from db.server_versions import has_fix
from tests.browser.running import free_port
from tests.db.files.mongo_probes import probe
from tests.kit import lone_mongod

_CLAIMED_SIZES = range(60, 4_060, 20)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a mongod that runs as Chartroom starts it."""
    with lone_mongod.as_embedded(tmp_path_factory.mktemp("mongod")) as port:
        yield port


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a mongod that runs with MongoDB's defaults."""
    with lone_mongod.compressing(tmp_path_factory.mktemp("mongod")) as port:
        yield port


def _url(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"


def test_messages_that_claim_more_than_they_hold_get_no_byte_of_the_embedded_one(
    embedded: int,
):
    assert not any(probe(embedded, size) for size in _CLAIMED_SIZES)

    with MongoClient[dict[str, object]](_url(embedded)) as client:
        assert client.admin.command("ping") == {"ok": 1.0}


@pytest.mark.parametrize(
    "command",
    [
        {"replSetInitiate": {}},
        {"createUser": "eve", "pwd": "x", "roles": ["root"]},
    ],
    ids=["found a replica set", "make the first user"],
)
def test_nobody_takes_an_embedded_one_that_is_new(
    embedded: int, command: dict[str, object]
):
    with (
        MongoClient[dict[str, object]](_url(embedded)) as stranger,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        stranger.admin.command(command)


def test_the_same_messages_are_answered_by_one_that_is_exposed(usual: int):
    assert all(probe(usual, size) for size in _CLAIMED_SIZES)


def test_one_that_is_exposed_is_named_with_its_version(usual: int):
    exposed = find_exposed(_url(usual))

    assert exposed == (ExposedServer(f"127.0.0.1:{usual}", "6.0.5"),)


def test_the_embedded_one_is_not_exposed(embedded: int):
    assert find_exposed(_url(embedded)) == ()


def test_an_old_one_that_compresses_without_zlib_is_not_exposed(tmp_path: Path):
    with lone_mongod.compressing(tmp_path, "snappy,zstd") as port:
        assert find_exposed(_url(port)) == ()
        assert probe(port, 500) == b""


def test_of_one_that_does_not_answer_nothing_is_said():
    assert find_exposed(f"mongodb://127.0.0.1:{free_port()}/") == ()


@pytest.mark.parametrize(
    "version",
    [
        *((4, 4, 30), (5, 0, 32), (6, 0, 27), (7, 0, 28), (8, 0, 17), (8, 2, 3)),
        *((7, 0, 35), (8, 2, 10), (8, 3, 0), (9, 0, 0)),
    ],
)
def test_a_version_has_the_fix_from_that_of_its_branch_on(version: tuple[int, ...]):
    assert has_fix(version, FIXED_IN)


@pytest.mark.parametrize(
    "version",
    [
        *((4, 4, 29), (5, 0, 31), (6, 0, 26), (7, 0, 27), (8, 0, 16), (8, 2, 2)),
        # Branches without a fix.
        *((3, 6, 23), (4, 2, 25), (5, 3, 2), (6, 3, 2), (7, 3, 4), (8, 1, 2)),
    ],
)
def test_before_that_and_in_branches_without_one_it_has_not(version: tuple[int, ...]):
    assert not has_fix(version, FIXED_IN)
