"""How much space backups will use, estimated from the existing ones."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from db.backups.manifest import SealedObject
from services.backups import BackupState, NextBackups, forecast_bytes, next_backups
from tests.kit.backup_sets import MANIFEST, based_on

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


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


def incremental(base, hours, **values):
    at = base.as_of + timedelta(hours=hours)
    return replace(
        MANIFEST,
        set_id=f"20261125T02000{hours}Z-0001",
        began_at=at,
        as_of=at,
        objects=(SealedObject("base", 1_000_000, "0" * 64),),
        based_on=based_on(base),
        **values,
    )


def test_incremental_ones_are_counted_by_what_they_take():
    state = state_of(MANIFEST, incremental(MANIFEST, 5))

    more = forecast_bytes(state, DAY, kept=28 * DAY, full_every=7 * DAY)

    # Of five full ones in 35 days four are to come, and in 28 days 22 incremental ones.
    assert more == 4 * 12_000_000 + 22 * 1_000_000


def test_of_hourly_ones_all_of_two_days_are_kept_and_one_of_each_day_before():
    state = state_of(MANIFEST, incremental(MANIFEST, 1))

    more = forecast_bytes(state, HOUR, kept=28 * DAY, full_every=7 * DAY)

    # 48 and 26, of which two exist, and four of those to come are full ones.
    assert more == 4 * 12_000_000 + 68 * 1_000_000


def test_until_there_is_one_they_are_taken_for_as_large_as_full_ones():
    newer = replace(MANIFEST, as_of=MANIFEST.as_of + DAY)

    more = forecast_bytes(
        state_of(MANIFEST, newer), DAY, kept=28 * DAY, full_every=7 * DAY
    )

    assert more == 26 * 12_000_000


def test_when_the_next_of_each_kind_is_due():
    full = replace(MANIFEST, began_at=MANIFEST.as_of)
    newest = incremental(full, 5)
    state, at = state_of(full, newest), newest.began_at

    assert next_backups(state_of(), HOUR, DAY) is None
    # The first one that is a day after the last full one.
    coming = NextBackups(at + HOUR, at + 19 * HOUR)
    assert next_backups(state, HOUR, DAY) == coming
    assert next_backups(state, HOUR, None) == NextBackups(None, at + HOUR)
    assert next_backups(state, DAY, DAY) == NextBackups(None, at + DAY)
    # A broken chain is not continued.
    broken = replace(state, unreadable=("20261125T030000Z-0001",))
    assert next_backups(broken, HOUR, DAY) == NextBackups(None, at + HOUR)


def test_one_backup_tells_no_rate():
    assert forecast_bytes(state_of(MANIFEST), DAY, kept=10 * DAY) is None
