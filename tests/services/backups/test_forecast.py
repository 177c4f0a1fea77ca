"""How much room backups will take, told from those that there are."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.backups import BackupState, forecast_bytes
from tests.kit.backup_sets import MANIFEST

DAY = timedelta(days=1)


def state_of(*sets):
    return BackupState(
        folder=Path("/backups"),
        sets=sets,
        unreadable=(),
        is_busy=False,
        is_beside=False,
        failure=None,
        proof=None,
    )


def test_so_many_as_the_newest_and_files_at_their_rate():
    newer = replace(
        MANIFEST, as_of=MANIFEST.as_of + 2 * DAY, file_bytes=MANIFEST.file_bytes + 2000
    )

    more = forecast_bytes(state_of(MANIFEST, newer), DAY, kept=10 * DAY)

    # Eight more of 12 MB, and eight days of 1000 bytes of files.
    assert more == 8 * 12_000_000 + 8 * 1000


def test_once_all_are_there_nothing_more_is_needed():
    newer = replace(MANIFEST, as_of=MANIFEST.as_of + DAY)

    assert forecast_bytes(state_of(MANIFEST, newer), DAY, kept=2 * DAY) == 0


def test_one_backup_tells_no_rate():
    assert forecast_bytes(state_of(MANIFEST), DAY, kept=10 * DAY) is None
