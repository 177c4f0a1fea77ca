"""A field of documents as everybody outside the database knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

# Behind it stands a key, in criteria, columns, refusals and the audit log; programs
# have what is filled in under this name.
PREFIX: Final = "custom_fields."
LONGEST_NAME: Final = 40
LONGEST_UNIT: Final = 20
LONGEST_TEXT: Final = 200
# As JSON has it: of a date its day as 2026-11-25.
FieldValue = str | int | float | bool


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"
    CHOICE = "choice"


KIND_LABELS: Final[Mapping[FieldKind, str]] = MappingProxyType(
    {
        FieldKind.TEXT: "Text",
        FieldKind.NUMBER: "Number",
        FieldKind.DATE: "Date",
        FieldKind.FLAG: "Yes or no",
        FieldKind.CHOICE: "Choice from a list",
    }
)


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """What an administrator says of a field; of all types if none is named."""

    name: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class DocumentField:
    """A field that documents may have; its `key` stays whatever it is called."""

    id: UUID
    key: str
    name: str
    kind: FieldKind
    unit: str
    choices: tuple[str, ...]
    document_types: tuple[str, ...]
    is_required: bool
    archived_at: datetime | None

    @property
    def is_archived(self) -> bool:
        """Whether it is filled in no more; what was filled in stays."""
        return self.archived_at is not None

    @property
    def label(self) -> str:
        """The name, with the unit that its numbers have."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def is_of(self, document_type: str) -> bool:
        """Tell whether documents of a type are filled in here."""
        known = self.document_types
        return not self.is_archived and (not known or document_type in known)
