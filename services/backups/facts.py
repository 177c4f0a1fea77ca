"""What is in the repository of backups, as far as metrics report it."""

from dataclasses import dataclass
from datetime import datetime

from db.backups.copies.copy_notes import CopyNote, read_copy_note
from db.backups.log.windows import read_position
from db.backups.notes import Failure, LogPosition, Proof
from db.backups.recovery_kit import KitNote, read_note
from db.backups.repository import Repository, Survey
from db.backups.strays import RepositoryFaults, survey_with_faults
from db.files.file_keys import FileKeys


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What was found in the repository at a time; it has no ages, to be read later."""

    survey: Survey
    faults: RepositoryFaults
    failure: Failure | None
    proof: Proof | None
    kit: KitNote | None
    position: LogPosition | None
    copied: CopyNote | None
    # The free space of the disk, and its size.
    room: tuple[int, int] | None


def read_facts(repository: Repository, keys: FileKeys, now: datetime) -> BackupFacts:
    """Read what is in the repository. Raises OSError."""
    survey, faults = survey_with_faults(repository, keys)
    return BackupFacts(
        survey,
        faults,
        repository.last_failure(),
        repository.last_proof(now),
        read_note(repository.folder),
        read_position(repository.folder / "log"),
        read_copy_note(repository.folder),
        repository.room,
    )
