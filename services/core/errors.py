"""The refusals that every service shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.core.sentences import Sentence

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ServiceError(Exception):
    """A refusal that the person at the screen can understand and act on.

    `failed_events` are of the audit log: what had been begun when it was raised. They
    last although all else of the transaction is lost, and so does what is written by
    `note_refusal`, in a transaction of its own on the primary.
    """

    failed_events: Sequence[Mapping[str, Any]] = ()
    note_refusal: "Callable[[Session], None] | None" = None


class InvalidInput(ServiceError):
    """A value breaks a rule; the message says which and what to type instead."""

    def __init__(self, property_name: str, message: str) -> None:
        super().__init__(message)
        self.property_name = property_name


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which field of a form, in a sentence."""

    field: str
    message: str


class NotAllowed(ServiceError):
    """The actor's role does not carry the permission that this needs.

    `patient_id` tells the audit log, not the person, whose record it was about.
    """

    def __init__(self, message: str, *, patient_id: UUID | None = None) -> None:
        super().__init__(message)
        self.patient_id = patient_id


class NotFound(ServiceError):
    """There is no such thing, or the actor may not know that there is.

    `patient_id` is the record that was asked for: the audit log shows who tries ids.
    """

    def __init__(self, message: str, *, patient_id: UUID | None = None) -> None:
        super().__init__(message)
        self.patient_id = patient_id


class Conflict(ServiceError):
    """Someone else got there first; other values may still work.

    `property_name` is the one to change, if it is one value that is taken.
    """

    property_name: str = ""


class Gone(ServiceError):
    """What was there for a while is over; it has to be begun anew."""


class Unavailable(ServiceError):
    """A part of the system cannot answer now; trying again later may work."""


class NotSaved(Unavailable):
    """Nothing was changed; whoever typed something still has it."""


class StorageFull(NotSaved):
    """A disk has no room left, and somebody has to make some; names whose it is."""

    def __init__(self, *whose: str) -> None:
        disks = (
            Sentence("The disk of {whose}", whose=" and ".join(whose))
            if whose
            else Sentence("A disk")
        )
        super().__init__(
            Sentence(
                "{disks} is full, so this cannot be done now: every change and every "
                "look at a record has to be kept there. What was saved is safe. Tell "
                "whoever looks after the server to make room; all goes on by itself "
                "then.",
                disks=disks,
            )
        )


class TooOften(ServiceError):
    """A limit is reached; the message says when to try again."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
