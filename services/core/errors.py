"""The refusals that every service shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.core.sentences import Sentence, joined

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ServiceError(Exception):
    """A refusal that the person at the screen can understand and act on.

    `failed_events` are audit events of what had been begun when it was raised. They are
    kept although the rest of the transaction is rolled back, and so is what
    `note_refusal` writes, in a transaction of its own on the primary.
    """

    failed_events: Sequence[Mapping[str, Any]] = ()
    note_refusal: "Callable[[Session], None] | None" = None


class InvalidInput(ServiceError):
    """A value breaks a rule; the message says which and what to type instead."""

    def __init__(self, property_name: str, message: str) -> None:
        super().__init__(message)
        self.property_name = property_name


class PlaceGone(InvalidInput):
    """The row after which a page of a list begins is not, or no longer, in the list."""

    def __init__(self) -> None:
        super().__init__(
            "after",
            "This place in the list no longer exists; start again at its first page.",
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """A field of a form, and a sentence that says what is wrong with it."""

    field: str
    message: str


class InvalidFields(InvalidInput):
    """Fields of a form break rules; `problems` has all of them, in the form's order."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(
            problems[0].field, joined(" ", (_translatable(p.message) for p in problems))
        )
        self.problems = problems


def _translatable(message: str) -> Sentence:
    """Return a message as a Sentence, so that it is translated inside another one."""
    return message if isinstance(message, Sentence) else Sentence(message)


class NotAllowed(ServiceError):
    """The actor's role does not carry the permission that this needs.

    `patient_id` is for the audit log, not for the person: whose record it was about.
    """

    def __init__(self, message: str, *, patient_id: UUID | None = None) -> None:
        super().__init__(message)
        self.patient_id = patient_id


class InsufficientScope(NotAllowed):
    """The actor's token opens less than this needs, though the role may allow it.

    A token with the scope `needed` would open it; where it is None, none would.
    """

    def __init__(
        self, message: str, *, needed: str | None, patient_id: UUID | None = None
    ) -> None:
        super().__init__(message, patient_id=patient_id)
        self.needed = needed


class NotFound(ServiceError):
    """There is no such thing, or the actor may not know that there is.

    `patient_id` is the record that was asked for: the audit log shows who tries out
    ids.
    """

    def __init__(self, message: str, *, patient_id: UUID | None = None) -> None:
        super().__init__(message)
        self.patient_id = patient_id


class Conflict(ServiceError):
    """Someone else got there first; other values may still work.

    `property_name` is the value to change, if a single value is taken.
    """

    property_name: str = ""


class RuleChanged(Conflict):
    """Another administrator changed a rule first."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this rule in the meantime. Check what it says now, "
            "then change it again; nothing was changed."
        )


class Gone(ServiceError):
    """It was there for a while and no longer is; the person has to start again."""


class Unavailable(ServiceError):
    """A part of the system cannot answer now; trying again later may work."""


class NotSaved(Unavailable):
    """Nothing was changed; what was typed is still in the form."""


class StorageFull(NotSaved):
    """A disk is full and somebody has to make room; the message names the disk."""

    def __init__(self, *whose: str) -> None:
        disks = (
            Sentence("The disk of {whose}", whose=" and ".join(whose))
            if whose
            else Sentence("A disk")
        )
        super().__init__(
            Sentence(
                "{disks} is full, so this cannot be done now: every change and every "
                "look at a record has to be recorded there. What was saved is safe. "
                "Ask whoever looks after the server to free some space; everything "
                "then continues by itself.",
                disks=disks,
            )
        )


class TooOften(ServiceError):
    """A limit is reached; the message says when to try again."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
