"""The state of a list of drugs or diagnoses, and what an import changes in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.core.errors import Conflict, InvalidInput

# The channel on which db/functions/code_lists.sql notifies of changes.
CHANNEL: Final = "code-lists"


class ListKind(StrEnum):
    """The kind of entries that a list has."""

    DRUGS = "drugs"
    DIAGNOSES = "diagnoses"


class ListSource(StrEnum):
    """The list that a clinic has chosen: what is offered, and what counts as known."""

    BUILT_IN = "built-in"
    OWN = "own"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class CodeListState:
    """The list of a kind that the clinic has chosen, and the size of its own list.

    `version` differs after each change; `imported_at` is None before the first import.
    """

    kind: ListKind
    source: ListSource
    version: UUID
    imported_at: datetime | None
    imported_by_name: str
    offered: int
    retired: int


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What a file changes in the clinic's own list, each entry as people know it.

    `gone` entries are in the list and not in the file: they are retired. `changed` ones
    include their differences. `version` is the version of the list that the file was
    compared with.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    version: UUID

    @property
    def is_empty(self) -> bool:
        """Return whether the file changes nothing in the list."""
        return not (self.new or self.changed or self.gone)


class UnreadableList(InvalidInput):
    """The file cannot be read as a list; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("file", message)


class ListChangedMeanwhile(Conflict):
    """Somebody changed the list after the file was compared with it."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this list in the meantime. Check the file again: "
            "what it changes may be different now."
        )
