"""What in a repository belongs to nothing, and what is named there and gone.

A manifest says which objects its set has, and each object of the log says by its name
what it is. Anything else was put there by somebody, or is a remnant; it is never
restored from, and never removed.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import (
    AuditPiece,
    LogArchive,
    LogPiece,
    time_of_entries,
    time_of_purge,
)
from db.backups.log.lost_times import find_lost_times
from db.backups.log.segments import timeline_of_history
from db.backups.log.windows import BackupWindow
from db.backups.manifest import Manifest
from db.backups.repository import Repository, Survey, is_set_unfinished
from db.files import private_files
from db.files.file_keys import FileKeys, UnusableFileKeys

_SWEPT: Final = "files-swept.json"
_LOCK: Final = "lock"
_NAMES_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class IncompleteSet:
    """A set that can be named but not restored; `lacking` are its missing objects."""

    set_id: str
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepositoryFaults:
    """What is wrong with a repository's content, as far as names and sizes show.

    `gone` are sets that were removed otherwise than by retention. `strays` are paths
    below its folder that belong to no set and no log. `missing_files` counts the stored
    files that sets or the log name and that are gone, as of the last look at all of
    them; None before there was one. For `keyless` sets, or files in them, the key file
    lacks a key. `lost_times` are times that one could go back to and no longer can,
    though retention has not removed what led there.
    """

    incomplete: tuple[IncompleteSet, ...] = ()
    strays: tuple[str, ...] = ()
    missing_files: int | None = None
    gone: tuple[str, ...] = ()
    keyless: tuple[str, ...] = ()
    lost_times: tuple[BackupWindow, ...] = ()

    def count_unusable(self, unusable: Iterable[str]) -> int:
        """Return how many sets cannot be restored, with those that a survey names."""
        incomplete = (each.set_id for each in self.incomplete)
        return len({*incomplete, *self.gone, *self.keyless}.union(unusable))


@dataclass(frozen=True, slots=True)
class FileSweep:
    """When the stored files were compared with what names them; how many were gone."""

    at: datetime
    missing: int


_SWEEPS: Final = TypeAdapter(FileSweep)


def survey_with_faults(
    repository: Repository, keys: FileKeys
) -> tuple[Survey, RepositoryFaults]:
    """Return the sets that there are, and what is wrong with the content.

    Everything among the sets and in the log is checked by name and size; nothing is
    opened.
    """
    # Before the survey: a set that is published in between is then no stray.
    folders = list(_names_in(repository.folder / "sets"))
    known = repository.known_sets()
    survey = repository.survey()
    # After it as well: a set removed in between was recorded before it was removed.
    known &= repository.known_sets()
    sweep = read_sweep(repository.folder)
    return survey, RepositoryFaults(
        tuple(_incomplete(repository, (*survey.sets, *survey.orphans))),
        (*_stray_sets(repository, folders, survey), *_stray_log(repository)),
        None if sweep is None else sweep.missing,
        tuple(sorted(known - survey.names)),
        tuple(_keyless((*survey.sets, *survey.orphans), keys)),
        _lost_times(repository, survey, keys),
    )


def read_sweep(repository: Path) -> FileSweep | None:
    """Return the result of the last look at all stored files."""
    return private_files.read_as(_SWEEPS, repository / _SWEPT)


def note_sweep(repository: Path, sweep: FileSweep) -> None:
    """Record the result of a look at all stored files. Raises OSError."""
    private_files.replace(repository / _SWEPT, _SWEEPS.dump_json(sweep))


# A log of five weeks has tens of thousands of objects, and is listed twice a minute.
@lru_cache(_NAMES_KEPT)
def is_of_log(name: str) -> bool:
    """Return whether an object belongs to the log, by its name."""
    readers = (
        LogPiece.parse,
        AuditPiece.parse,
        timeline_of_history,
        time_of_entries,
        time_of_purge,
    )
    return any(read(name) is not None for read in readers)


def _incomplete(
    repository: Repository, manifests: Iterable[Manifest]
) -> Iterator[IncompleteSet]:
    for manifest in manifests:
        folder = repository.set_folder(manifest.set_id)
        lacking = tuple(
            each.name
            for each in manifest.objects
            if _size_of(folder / each.name) != each.size
        )
        # A set that was removed meanwhile was renamed first.
        if lacking and folder.is_dir():
            yield IncompleteSet(manifest.set_id, lacking)


def _keyless(manifests: Iterable[Manifest], keys: FileKeys) -> Iterator[str]:
    """Yield the sets that a key is missing for; a drill would find that a week later.

    An unreadable key file is reported when something is sealed.
    """
    with suppress(UnusableFileKeys):
        there = keys.ids
        yield from (
            each.set_id for each in manifests if not there.issuperset(each.key_ids)
        )


def _lost_times(
    repository: Repository, survey: Survey, keys: FileKeys
) -> tuple[BackupWindow, ...]:
    """Return the lost times; a log that does not open is reported elsewhere."""
    archive = LogArchive(repository.folder, repository.system_id or "", keys)
    with suppress(SetBroken, UnusableFileKeys, OSError):
        return find_lost_times(repository.folder, survey.sets, archive)
    return ()


def _stray_sets(
    repository: Repository, names: Iterable[str], survey: Survey
) -> Iterator[str]:
    known = survey.names
    for name in sorted(names):
        if name in known or is_set_unfinished(name):
            continue
        if repository.set_folder(name).exists():
            yield f"sets/{name}"


def _stray_log(repository: Repository) -> Iterator[str]:
    for name in sorted(_names_in(repository.folder / "log")):
        is_passing = name.startswith(private_files.BEING_WRITTEN) or name.endswith(
            ".new"
        )
        is_note = name == _LOCK or name.endswith(".json")
        if not is_passing and not is_note and not is_of_log(name):
            yield f"log/{name}"


def _names_in(folder: Path) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
