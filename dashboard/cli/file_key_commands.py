"""What the commands new-file-keys and rotate-keys do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from dashboard import wiring
from dashboard.wiring import Wiring
from db.files import file_keys
from db.files.file_keys import UnusableFileKeys
from db.files.gridfs import Bucket
from db.postgres import SYSTEM
from db.settings import Settings
from services.core.actors import CONSOLE
from services.documents.integrity import key_rotation

# An upload may have sealed its key just before the new one was there, and be stored
# just after all others were wrapped anew.
_SETTLED_AFTER: Final = timedelta(hours=1)


def make(path: Path) -> str:
    """Make a key file for servers of one's own, and say what to do with it."""
    if not file_keys.make(path):
        raise UnusableFileKeys(f"{path} is there already and stays as it is.")
    return (
        f"{path} holds the keys of files. Keep a copy of it apart from the databases' "
        "backups: without it no file can be read again."
    )


def rotate(settings: Settings) -> str:
    """Wrap the keys of all files with a new key, and say how many they were.

    It may be killed at any time and run again: then there is one key more than
    necessary, and nothing else. Raises UnusableFileKeys and FileStoreUnavailable.
    """
    with wiring.attached(settings) as wired:
        key = wired.file_keys.add()
        _record(wired, key, "added")
        rewrapped, left = _rewrap(wired)
        _record(wired, key, "done", rewrapped)
    told = f"Key {key} wraps the keys of {rewrapped} files and drafts from now on."
    return f"{told} {left} do not open and keep theirs." if left else told


def drop_old(settings: Settings) -> str:
    """Forget keys that were replaced and that nothing is sealed with any more.

    Raises UnusableFileKeys if it is too early, and FileStoreUnavailable.
    """
    with wiring.attached(settings) as wired:
        keys = wired.file_keys
        if datetime.now(UTC) - keys.changed_at < _SETTLED_AFTER:
            raise UnusableFileKeys(
                "The key file was changed less than an hour ago, and something sealed "
                "with an old key may still be on its way: drop old keys later."
            )
        rewrapped, _ = _rewrap(wired)
        used = {key for bucket in Bucket for key in wired.files.keys_in_use(bucket)}
        unused = keys.ids - used - {keys.primary}
        if unused:
            _record(wired, keys.primary, "dropping", rewrapped, unused)
            keys.drop(*unused)
        kept = len(keys.ids) - 1
    return f"Old keys dropped: {len(unused)}; still in use: {kept}."


def _rewrap(wired: Wiring) -> tuple[int, int]:
    """Wrap what old keys have wrapped; return how much was, and could not be."""
    outcomes = [wired.files.rewrap(bucket) for bucket in Bucket]
    done = sum(outcome.done for outcome in outcomes) + wired.drafts.rewrap()
    return done, sum(outcome.left for outcome in outcomes)


def _record(
    wired: Wiring,
    key: int,
    step: str,
    rewrapped: int = 0,
    dropped: frozenset[int] = frozenset(),
) -> None:
    wired.database.write(
        lambda session: key_rotation.record(
            session,
            CONSOLE,
            file_key=key,
            step=step,
            rewrapped=rewrapped,
            dropped=dropped,
        ),
        acting=SYSTEM,
    )
