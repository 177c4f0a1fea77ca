"""A field of documents, as code outside the database knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

# The prefix of a field's key in criteria, columns, refusals and the audit log; programs
# get the values under this name.
PREFIX: Final = "custom_fields."
LONGEST_NAME: Final = 40
LONGEST_UNIT: Final = 20
LONGEST_TEXT: Final = 200
# As in JSON: a date is text such as 2026-11-25.
FieldValue = str | int | float | bool


class FieldKind(StrEnum):
    """The kind of value that a field holds."""

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
    """A field as an administrator defines it; without types it is for all of them."""

    name: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class DocumentField:
    """A field that documents may have; its `key` never changes, whatever its name."""

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
        """Whether it can no longer be filled in; existing values stay."""
        return self.archived_at is not None

    @property
    def label(self) -> str:
        """The name, with the unit of its numbers if it has one."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def is_of(self, document_type: str) -> bool:
        """Return whether the field is to be filled in for documents of a type."""
        known = self.document_types
        return not self.is_archived and (not known or document_type in known)
