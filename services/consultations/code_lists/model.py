"""What is said of a list of drugs or diagnoses, and what an import changes in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.core.errors import Conflict, InvalidInput

# On which db/functions/code_lists.sql tells of changes.
CHANNEL: Final = "code-lists"


class ListKind(StrEnum):
    """What a list is of."""

    DRUGS = "drugs"
    DIAGNOSES = "diagnoses"


class ListSource(StrEnum):
    """Which list a clinic has chosen: what is offered, and what counts as known."""

    BUILT_IN = "built-in"
    OWN = "own"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class CodeListState:
    """What the clinic has chosen of a kind, and what its own list holds.

    `version` is another one after each change; `imported_at` is None before the first
    import.
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

    `gone` stand in the list and no longer in the file: they are retired. `changed` say
    what is other about them. `version` is the list's that the file was compared with.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    version: UUID

    @property
    def is_empty(self) -> bool:
        """Tell whether the list is as the file says already."""
        return not (self.new or self.changed or self.gone)


class UnreadableList(InvalidInput):
    """The file is none that could be taken for a list; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("file", message)


class ListChangedMeanwhile(Conflict):
    """Somebody imported or chose after the file was compared."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this list in the meantime. Check the file again: "
            "what it changes may be different now."
        )
