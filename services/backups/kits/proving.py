"""Proves that somebody has the recovery kit and its passphrase, and that both open."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotRestore
from db.backups.recovery_kit import (
    FILE_KEYS,
    KeyFiles,
    KitBroken,
    KitNote,
    RecoveryKit,
    read_note,
    write_note,
)
from db.backups.repository import Repository
from db.backups.sealing import seal_of
from db.files.file_keys import KeysAsText, UnusableFileKeys
from services.backups.kits.making import KeysUnreadable, NoBackupYet, lacks_keys
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.people.sign_in import confirmations

_NAME: Final = "the recovery kit"


class KitNotProven(InvalidInput):
    """What was typed does not open the newest backup."""

    def __init__(self, sentence: str) -> None:
        super().__init__("kit", sentence)


def prove_kit(
    session: Session,
    actor: Actor,
    repository: Repository,
    key_files: KeyFiles,
    *,
    kit_text: str,
    passphrase: str,
    now: datetime,
    session_id: UUID | None,
) -> KitNote:
    """Return the note of a kit that opens the newest backup, and record that.

    The text, the passphrase and the keys are not kept. A kit that does not open is
    recorded as failed. The caller commits, then has the note kept. Raises NotAllowed,
    NotConfirmed, NoBackupYet, KeysUnreadable and KitNotProven.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    confirmations.require_passkey_for_servers(session, actor, session_id)
    if repository.system_id is None:
        raise NoBackupYet
    with audit.recording_outcome(session, actor, Action.BACKUP_PROVE_KIT, details={}):
        kit = _opened(kit_text, passphrase)
        _require_of_this_clinic(kit, repository.system_id)
        _require_every_key(kit, key_files)
        _require_opens_newest(kit, repository)
    return replace(kit.note, proven_at=now)


def note_proven(repository: Repository, note: KitNote) -> None:
    """Keep when a kit was proven; raises KeysUnreadable.

    It may have been an older paper with the same keys: the time when the last one was
    made remains.
    """
    kept = read_note(repository.folder)
    if kept is not None and kept.digests == note.digests:
        note = replace(note, made_at=max(kept.made_at, note.made_at))
    try:
        write_note(repository.folder, note)
    except OSError as error:
        raise KeysUnreadable(
            Sentence(
                "The recovery kit opens, but the backup folder has no record of it "
                "({why}): check that the folder is there, and prove it again.",
                why=(error.strerror or str(error)).lower(),
            )
        ) from error


def _opened(text: str, passphrase: str) -> RecoveryKit:
    try:
        return RecoveryKit.opened(text, passphrase)
    except KitBroken as error:
        raise KitNotProven(str(error)) from error


def _require_of_this_clinic(kit: RecoveryKit, system_id: str) -> None:
    if kit.system_id != system_id:
        raise KitNotProven(
            Sentence(
                "The recovery kit opens, but is of another clinic (PostgreSQL "
                "{other}, this one is {own}): take this clinic's.",
                other=kit.system_id,
                own=system_id,
            )
        )


def _require_every_key(kit: RecoveryKit, key_files: KeyFiles) -> None:
    try:
        lacks_any = lacks_keys(kit.note, key_files)
    except OSError as error:
        raise KeysUnreadable(
            Sentence(
                "The clinic's keys cannot be read ({why}): nothing was proven.",
                why=(error.strerror or str(error)).lower(),
            )
        ) from error
    if lacks_any:
        raise KitNotProven(
            "The recovery kit opens, but keys have changed since it was made: make "
            "another, and destroy this one."
        )


def _require_opens_newest(kit: RecoveryKit, repository: Repository) -> None:
    """Open the beginning of every object that the newest backup is restored from."""
    try:
        keys = KeysAsText(kit.files[FILE_KEYS], _NAME)
        for manifest in repository.survey().chain_of(repository.newest()):
            seal = seal_of(manifest, keys)
            folder = repository.set_folder(manifest.set_id)
            for each in manifest.objects:
                with seal.reading(folder / each.name) as stream:
                    stream.read(1)
    except (CannotRestore, UnusableFileKeys, OSError) as error:
        raise _does_not_open(error) from error


def _does_not_open(error: Exception) -> KitNotProven:
    why = str(error)
    if isinstance(error, OSError):
        why = f"{error.strerror or error}."
    return KitNotProven(
        Sentence(
            "The recovery kit opens, but the newest backup does not open with it. "
            "{why}",
            why=why,
        )
    )
