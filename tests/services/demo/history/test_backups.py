"""The space that an invented clinic's backups use: a month, before there are any."""

from datetime import UTC, datetime, timedelta

import pytest

from db.backups.repository import Repository
from db.backups.storage.storage_notes import read_storage
from services.demo import history

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "data" / "backups")


def test_a_month_leads_to_today_and_is_the_same_whoever_starts_again(repository):
    history.invent_storage(repository, NOW)

    samples = read_storage(repository.folder)
    times = [each.at for each in samples]
    assert NOW - times[0] == timedelta(days=30)
    assert timedelta() < NOW - times[-1] <= timedelta(hours=3)
    assert times == sorted(times)
    assert samples[0].here.full < samples[-1].here.full
    assert all(min(list(each.here.by_kind.values())[:5]) > 0 for each in samples)
    history.invent_storage(repository, NOW + timedelta(days=1))
    assert read_storage(repository.folder) == samples
    # It does not keep a clinic from beginning to back up there.
    repository.claim("7000000000000000001")


def test_a_repository_that_is_there_has_its_own_past(repository):
    repository.claim("7000000000000000001")

    history.invent_storage(repository, NOW)

    assert read_storage(repository.folder) == ()
