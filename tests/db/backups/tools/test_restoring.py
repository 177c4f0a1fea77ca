"""The options with which a tool makes PostgreSQL pause at a target."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from db.backups.tools.backup_tool import BackupTool
from db.postgres import Lsn

SECOND = datetime(2026, 11, 28, 15, 3, 7, tzinfo=timezone(timedelta(hours=1)))
PLACE = Lsn.parse("0/A000028")
FOLDER = Path("/srv/drills/data")


@pytest.mark.parametrize(
    ("named", "target", "words"),
    [
        (
            "barman:clinic",
            SECOND,
            (
                "restore --no-get-wal --target-time 2026-11-28T14:03:07+00:00 "
                "--target-action pause clinic B1 /srv/drills/data"
            ),
        ),
        (
            "barman:clinic",
            PLACE,
            (
                "restore --no-get-wal --target-lsn 0/A000028 --exclusive "
                "--target-action pause clinic B1 /srv/drills/data"
            ),
        ),
        (
            "pgbackrest:main",
            SECOND,
            (
                "--stanza=main --pg1-path=/srv/drills/data --set=B1 --type=time "
                "--target=2026-11-28T14:03:07+00:00 --target-action=pause restore"
            ),
        ),
        (
            "pgbackrest:main",
            PLACE,
            (
                "--stanza=main --pg1-path=/srv/drills/data --set=B1 --type=lsn "
                "--target=0/A000028 --target-action=pause --target-exclusive restore"
            ),
        ),
    ],
)
def test_each_stops_before_what_comes_next(named, target, words):
    assert SECOND.astimezone(UTC).hour == 14

    arguments = BackupTool.parse(named).restore_arguments("B1", FOLDER, target)

    assert " ".join(arguments) == words
