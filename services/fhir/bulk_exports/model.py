"""A bulk export, its request and its files, and the refusals about it."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed, NotFound, TooOften, Unavailable
from services.core.sentences import Sentence
from services.lists.streaming.line_pieces import LinePiece

# The database enforces the same time for keeping one: see the migration.
HOURS: Final = 24
MOST_UNDER_WAY: Final = 2
MOST_KEPT: Final = 5
_AGAIN_SECONDS: Final = 60

# Pieces of whole lines, each with its line end. Closing the generator releases what
# they are read from.
Lines = Generator[LinePiece]


class ExportState(StrEnum):
    """The state of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BulkSelection:
    """Which patients resources are read of, None for all, and changed since when.

    `of_patients` leaves out resources that belong to no patient.
    """

    patient_ids: Sequence[UUID] | None = None
    since: datetime | None = None
    of_patients: bool = False


@dataclass(frozen=True, slots=True)
class BulkSource:
    """How all resources of a type are read, each as a line of JSON.

    `permission_of` returns the permission needed for it, besides the right to export.
    Resources that belong to no patient (not `is_of_patients`) are only in exports of
    the whole clinic.
    """

    permission_of: Callable[[Actor], Permission]
    read: Callable[[Session, Actor, BulkSelection], Lines]
    is_of_patients: bool = True


@dataclass(frozen=True, slots=True)
class PatientGroup:
    """Patients under a name: a list that somebody has saved, or a cohort."""

    id: UUID
    name: str
    subject: str
    key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GroupGrant:
    """A group that a connected system may export, who saved it, and since when."""

    id: UUID
    name: str
    subject: str
    saved_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class SavedGroup:
    """Somebody's view or cohort, which a system may be granted."""

    id: UUID
    name: str
    subject: str


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A request for an export: which types, of whom, changed since when, and why.

    `address` is the address of the request, and `passed_over` are its parts that were
    not understood.
    """

    address: str
    types: tuple[str, ...]
    reason: str
    since: datetime | None = None
    group: PatientGroup | None = None
    passed_over: tuple[str, ...] = ()
    of_patients: bool = False


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file with resources of one type, one on each line."""

    number: int
    kind: str
    count: int
    size: int
    file_id: str


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """An export in its current state; `as_of` is the time whose data it has.

    `failure` is why it failed, as a sentence for its owner, if there is one.
    """

    id: UUID
    address: str
    state: ExportState
    progress: str
    as_of: datetime | None
    expires_at: datetime
    files: tuple[ExportedFile, ...]
    failure: str | None


@dataclass(frozen=True, slots=True)
class ExportTask:
    """An export that a worker makes, in the name of its owner."""

    id: UUID
    worker: UUID
    actor: Actor
    types: tuple[str, ...]
    of_patients: bool
    since: datetime | None
    group_subject: str | None
    group_key: str | None
    passed_over: tuple[str, ...]
    reason: str


class NoSuchExport(NotFound):
    """There is no such export, it is somebody else's, or its time is over."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such export of yours; each is deleted after a day. Ask for "
            "it again."
        )


class NoSuchGroup(NotFound):
    """The actor has saved no list and no cohort with this id."""

    def __init__(self) -> None:
        super().__init__("You have no such group: neither a view nor a cohort.")


class GroupNotGranted(NotFound):
    """A connected system was not granted a group with this id, or no longer is."""

    def __init__(self) -> None:
        super().__init__(
            "This system was granted no such group. An administrator grants groups on "
            "Connected systems."
        )


class NothingToExport(NotAllowed):
    """A connected system that exports nothing asks for an export, or for its groups."""

    def __init__(self) -> None:
        super().__init__(
            "This system may not export anything. An administrator sets what it may "
            "export on the page Connected systems."
        )


class UnreadableGroup(Unavailable):
    """The criteria of a group cannot be read by this version of the app.

    Another version has stored them, or they use a field that no longer exists.
    """

    def __init__(self) -> None:
        super().__init__(
            "What this group asks for could not be read. Save its list or cohort "
            "again, and ask for an export of that one; a connected system has to be "
            "granted it first."
        )


class TooManyExports(TooOften):
    """Somebody has as many exports as one may have at a time."""

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                "You can have at most {under_way} exports in progress and {kept} "
                "kept. Delete one, or wait until one is ready.",
                under_way=MOST_UNDER_WAY,
                kept=MOST_KEPT,
            ),
            retry_after_seconds=_AGAIN_SECONDS,
        )


class ExportGiven(Exception):
    """The export is no longer wanted, or another worker has it."""
