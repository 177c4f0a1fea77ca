"""A running process adopts what the launcher publishes again."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.web.endpoint_follower import EndpointFollower
from db.embedded import DataFolder
from db.endpoints import Endpoints
from tests.kit.waiting import eventually

THREE = Endpoints("postgresql://a", {"db-01": "b"}, "mongodb://c", {"db-01": "d"})
FOUR = replace(THREE, patroni_urls={"db-01": "d", "db-04": "e"})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """The data folder of a running launcher."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    with folder.locked():
        folder.publish(THREE)
        yield folder


def test_what_is_published_anew_is_handed_over_once(folder: DataFolder):
    adopted: list[Endpoints] = []
    following = EndpointFollower(folder.path, THREE, adopted.append)

    _publish_and_look(folder, FOUR, following)
    _publish_and_look(folder, FOUR, following)

    assert adopted == [FOUR]


def test_what_is_known_already_is_not_handed_over(folder: DataFolder):
    adopted: list[Endpoints] = []
    following = EndpointFollower(folder.path, THREE, adopted.append)

    _publish_and_look(folder, THREE, following)
    nothing_new = list(adopted)
    _publish_and_look(folder, FOUR, following)

    assert nothing_new == []
    assert adopted == [FOUR]


def test_a_process_that_cannot_take_them_over_tries_again(folder: DataFolder):
    attempts: list[Endpoints] = []

    def adopt(endpoints: Endpoints) -> None:
        attempts.append(endpoints)
        if len(attempts) == 1:
            raise OSError("not now")

    with ExitStack() as stack:
        following = stack.enter_context(
            closing(EndpointFollower(folder.path, THREE, adopt))
        )
        following.start()
        folder.publish(FOUR)

        assert eventually(lambda: attempts == [FOUR, FOUR])


def _publish_and_look(
    folder: DataFolder, endpoints: Endpoints, following: EndpointFollower
) -> None:
    before = folder.published_at()

    # Modification times of files differ only after some milliseconds.
    def differs() -> bool:
        folder.publish(endpoints)
        return folder.published_at() != before

    eventually(differs)
    following.look()
