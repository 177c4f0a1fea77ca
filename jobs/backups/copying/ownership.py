"""The one machine that writes into a copy, even where two have the same clinic.

A clinic that was restored on another machine has the same number, and would remove from
the copy what the first one has sent. A data folder that was copied with all its content
has the same token, until either of the two renews its own: then the other is refused.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from db.backups.backup_errors import CannotBackUp
from db.backups.copies.local_objects import OWNER
from db.backups.copies.object_store import ObjectMissing, ObjectStore
from db.files import private_files

_TOKEN: Final = "copy-owner"  # noqa: S105 - the name of a file, and no secret


@dataclass(frozen=True, slots=True)
class CopyOwner:
    """The machine that writes into a copy, by its folder's token, and since when."""

    token: str
    since: datetime


_OWNERS: Final = TypeAdapter(CopyOwner)


def token_of(data: Path) -> str:
    """Return the token that identifies this data folder. Raises OSError.

    They are two if `renew` was interrupted: either may be in the store.
    """
    path = data / _TOKEN
    private_files.make(path, secrets.token_hex(16).encode())
    return path.read_text().strip()


def require_owned(store: ObjectStore, token: str, now: datetime) -> None:
    """Raise CannotBackUp if another machine writes there; the first one becomes owner.

    Raises StoreFailed.
    """
    owner = _read(store)
    if owner is None:
        store.put_new(OWNER, _OWNERS.dump_json(CopyOwner(_newest(token), now)))
        owner = _read(store)
    if owner is None or not is_of(owner, token):
        since = f"{owner.since.astimezone(UTC):%Y-%m-%d %H:%M}" if owner else "?"
        raise CannotBackUp(
            f"{store.address.shown} has been written by another machine of this clinic "
            f"since {since} UTC: two would take from each other what they send. If "
            "that one is gone, run python -m dashboard take-over-copy here; else name "
            "another prefix with CHARTROOM_BACKUP_S3_URL. Nothing was sent."
        )


def take_over(store: ObjectStore, token: str, now: datetime) -> CopyOwner | None:
    """Make this machine the only one that writes there; return the previous owner."""
    before = _read(store)
    content = _OWNERS.dump_json(CopyOwner(_newest(token), now))
    store.put(OWNER, content, locked_until=None)
    return before


def is_of(owner: CopyOwner, token: str) -> bool:
    """Return whether the owner is the machine with this token."""
    return owner.token in token.split()


def renew(store: ObjectStore, data: Path) -> None:
    """Replace this folder's token, so that copies of the folder have a former one.

    The owner is this machine. Raises StoreFailed.
    """
    owner = _read(store)
    if owner is None or not is_of(owner, token_of(data)):
        return
    path, new = data / _TOKEN, secrets.token_hex(16)
    with suppress(OSError):
        # Where there is no room, the next time will do.
        private_files.replace(path, f"{owner.token}\n{new}".encode())
        content = _OWNERS.dump_json(CopyOwner(new, owner.since))
        store.put(OWNER, content, locked_until=None)
        private_files.replace(path, new.encode())


def _newest(token: str) -> str:
    return token.rsplit(maxsplit=1)[-1]


def _read(store: ObjectStore) -> CopyOwner | None:
    """Return the owner; None if there is none yet, or the note is unreadable."""
    try:
        return _OWNERS.validate_json(store.read(OWNER))
    except (ObjectMissing, ValidationError):
        return None
