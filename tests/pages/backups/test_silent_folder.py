"""A backup disk that does not answer: the pages answer, and say so."""

from datetime import UTC, datetime, timedelta

import pytest

from services.core.actors import Role
from tests.kit import backup_sets
from tests.kit.hanging_files import hanging
from tests.pages.backups.conftest import said


@pytest.fixture
def silent(repository):
    """A repository whose disk hangs, at reading the file about its last failure."""
    repository.claim(backup_sets.SYSTEM_ID)
    with hanging(repository.folder / "failure.json"):
        yield repository


def test_what_was_never_known_is_not_taken_for_nothing(clinic, silent):
    app = clinic.open("backups", Role.ADMIN)

    words = said(app)
    assert f"The backup folder {silent.folder} has not responded since" in words
    assert "The clinic itself keeps running." in words
    assert "There is no backup yet" not in words
    assert "Once there is a backup" not in words
    # No kit can be made in a folder that cannot be written.
    assert "Recovery kit" not in [each.value for each in app.subheader]


def test_what_was_there_last_is_shown_and_of_when_it_is(clinic, repository):
    backup_sets.add_set(repository, as_of=datetime.now(UTC) - timedelta(hours=3))
    assert "does not answer" not in said(clinic.open("backups", Role.ADMIN))

    with hanging(repository.folder / "failure.json"):
        words = said(clinic.open("backups", Role.ADMIN))
        home = clinic.start(Role.ADMIN)

    assert "has not responded since" in words
    assert "What is shown here is as of" in words
    assert "**The newest backup is from" in words
    (newest,) = [each for each in home.metric if each.label == "Newest backup"]
    assert newest.value == "3 h ago"
    links = [link.proto.label for link in home.get("page_link")]
    assert "Their folder does not answer" in links


def test_home_does_not_say_that_there_is_none(clinic, silent):
    home = clinic.start(Role.ADMIN)

    (newest,) = [each for each in home.metric if each.label == "Newest backup"]
    assert newest.value == "Not known"
