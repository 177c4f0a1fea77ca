"""A running process takes over what the launcher publishes anew."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.web.cluster_following import Following
from db.embedded import DataFolder
from db.endpoints import Endpoints
from tests.kit.waiting import eventually

THREE = Endpoints("postgresql://a", {"db-01": "b"}, "mongodb://c", {"db-01": "d"})
FOUR = replace(THREE, patroni_urls={"db-01": "d", "db-04": "e"})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """The data folder of a launcher that lives."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    with folder.locked():
        folder.publish(THREE)
        yield folder


def test_what_is_published_anew_is_handed_over_once(folder: DataFolder):
    adopted: list[Endpoints] = []
    with closing(Following(folder.path, THREE, adopted.append)) as following:
        following.start()

        folder.publish(FOUR)

        assert eventually(lambda: bool(adopted), seconds=5)
        time.sleep(1.5)
        assert adopted == [FOUR]


def test_what_is_known_already_is_not_handed_over(folder: DataFolder):
    adopted: list[Endpoints] = []
    with closing(Following(folder.path, THREE, adopted.append)) as following:
        following.start()

        folder.publish(THREE)

        time.sleep(1.5)
        assert adopted == []


def test_a_process_that_cannot_take_them_over_tries_again(folder: DataFolder):
    attempts: list[Endpoints] = []

    def adopt(endpoints: Endpoints) -> None:
        attempts.append(endpoints)
        if len(attempts) == 1:
            raise OSError("not now")

    with ExitStack() as stack:
        following = stack.enter_context(closing(Following(folder.path, THREE, adopt)))
        following.start()
        folder.publish(FOUR)

        assert eventually(lambda: attempts == [FOUR, FOUR], seconds=5)
