"""Makes recovery kits, and checks whether the last one still has the clinic's keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.backups.recovery_kit import (
    KeyFiles,
    KitNote,
    RecoveryKit,
    digests_of,
    read_note,
    write_note,
)
from db.backups.repository import Repository
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.core.sentences import Sentence
from services.people.sign_in import confirmations

# Whoever finds the paper has unlimited time to guess it.
_SHORTEST: Final = 15
_FEWEST_DIFFERENT: Final = 6
# A paper that nobody has held in a quarter of a year may be lost.
PROVEN_EVERY: Final = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class KitState:
    """When the last kit was made, if ever, and whether keys have changed since.

    `proven_at` is when somebody last showed that it opens; `is_due` says that this has
    to be shown again.
    """

    made_at: datetime | None
    is_old: bool
    proven_at: datetime | None = None
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class KitFault:
    """Since when no kit has been known to open the newest backups.

    `is_unproven` says that it has all keys, but that nobody has opened it for a
    quarter.
    """

    since: datetime
    is_unproven: bool = False


class NoBackupYet(Conflict):
    """There are no backups that a kit could open."""

    def __init__(self) -> None:
        super().__init__(
            "There is no backup yet that a recovery kit could open: make one first."
        )


class KeysUnreadable(Conflict):
    """The keys, or the note that a kit was made, cannot be read or written now."""


def make_kit(
    session: Session,
    actor: Actor,
    repository: Repository,
    key_files: KeyFiles,
    *,
    passphrase: str,
    repeated: str,
    now: datetime,
    session_id: UUID | None,
) -> RecoveryKit:
    """Return the clinic's keys, to be sealed, and record that; the caller commits.

    Raises NotAllowed, NotConfirmed, InvalidInput, NoBackupYet and KeysUnreadable. The
    kit counts as made once its note has been written beside the backups.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    confirmations.require_passkey_for_servers(session, actor, session_id)
    require_good_passphrase(passphrase, repeated)
    if (system_id := repository.system_id) is None:
        raise NoBackupYet
    try:
        kit = RecoveryKit(system_id, now, key_files.read())
    except OSError as error:
        raise KeysUnreadable(
            Sentence(
                "The keys cannot be read ({why}): no recovery kit was made.",
                why=(error.strerror or str(error)).lower(),
            )
        ) from error
    audit.record(session, actor, Action.BACKUP_MAKE_KIT)
    return kit


def note_kit(repository: Repository, kit: RecoveryKit) -> None:
    """Record a kit as the newest; raises KeysUnreadable."""
    try:
        write_note(repository.folder, kit.note)
    except OSError as error:
        raise KeysUnreadable(
            Sentence(
                "The recovery kit was made, but the backup folder has no record of it "
                "({why}): check that the folder is there, and make another.",
                why=(error.strerror or str(error)).lower(),
            )
        ) from error


def read_kit_state(
    actor: Actor, repository: Repository, key_files: KeyFiles, now: datetime
) -> KitState:
    """Return the state of the last kit. Raises NotAllowed and OSError."""
    actor.require(Permission.VIEW_REPLICATION)
    note = read_note(repository.folder)
    is_old = lacks_keys(note, key_files)
    if note is None:
        return KitState(None, is_old)
    return KitState(note.made_at, is_old, note.proven_at, _due_at(note) <= now)


def find_kit_fault(
    repository: Repository, key_files: KeyFiles, now: datetime
) -> KitFault | None:
    """Return since when no kit is known to open the newest backups; None if one is.

    If none was ever made, that is since the oldest backup. Raises OSError.
    """
    note, sets = read_note(repository.folder), repository.survey().sets
    if not sets:
        return None
    if note is None:
        return KitFault(sets[0].as_of)
    if lacks_keys(note, key_files):
        return KitFault(max(note.made_at, key_files.changed_at()))
    due = _due_at(note)
    return KitFault(due, is_unproven=True) if due <= now else None


def lacks_keys(note: KitNote | None, key_files: KeyFiles) -> bool:
    """Return whether there is a key that a kit does not have. Raises OSError."""
    known = note.digests if note else {}
    current = digests_of(key_files.read())
    return any(known.get(name) != digest for name, digest in current.items())


def _due_at(note: KitNote) -> datetime:
    return note.held_at + PROVEN_EVERY


def require_good_passphrase(passphrase: str, repeated: str) -> None:
    """Raise InvalidInput for a passphrase that can be guessed, or was mistyped."""
    passphrase = passphrase.strip()
    if len(passphrase) < _SHORTEST or len(set(passphrase)) < _FEWEST_DIFFERENT:
        raise InvalidInput(
            "passphrase",
            Sentence(
                "The passphrase must have {least} characters or more and be hard to "
                "guess: use five unrelated words.",
                least=_SHORTEST,
            ),
        )
    if passphrase != repeated.strip():
        raise InvalidInput(
            "repeated", "The passphrases are not the same: type them again."
        )
