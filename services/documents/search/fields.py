"""The fields that lists of documents may be filtered and sorted by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.core.sentences import Sentence
from services.documents.fields import PREFIX, DocumentField, FieldKind, read_fields
from services.documents.records import require_list_deleted, visibility
from services.documents.records.kinds import (
    CLASS_LABELS,
    TYPE_LABELS,
    Classification,
    DocumentType,
)
from services.lists.criteria import Criteria, Field, Fields, Kind
from services.lists.subjects import Subject

FINDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "encrypted": "needs its own password",
        "scripts": "scripts",
        "launch": "launch actions",
        "attachments": "embedded files",
        "other_files": "commands that open other files",
        "uri_actions": "commands that open addresses",
        "form_submission": "commands that send form data",
        "data_import": "commands that fetch form data",
        "external_streams": "parts kept elsewhere",
        "xfa": "an XFA form",
        "polyglot": "a file of another kind",
        "eicar": "the EICAR test virus",
        "damaged": "damage",
    }
)
_FIELDS = (
    Field("title", "Title", Kind.TEXT, is_sortable=True),
    Field("filename", "File name", Kind.TEXT, is_sortable=True),
    Field(
        "document_type",
        "Type",
        Kind.CHOICE,
        is_sortable=True,
        choices=tuple(kind.value for kind in DocumentType),
        choice_labels=tuple(TYPE_LABELS[kind] for kind in DocumentType),
    ),
    Field(
        "classification",
        "Retention class",
        Kind.CHOICE,
        is_sortable=True,
        choices=tuple(kind.value for kind in Classification),
        choice_labels=tuple(CLASS_LABELS[kind] for kind in Classification),
    ),
    Field("description", "Description", Kind.TEXT, can_be_empty=True),
    Field("last_name", "Patient's last name", Kind.TEXT, is_sortable=True),
    Field("first_name", "Patient's first name", Kind.TEXT, is_sortable=True),
    Field("patient_id", "Patient id", Kind.ID),
    Field(
        "unfiled",
        "Without a patient",
        Kind.FLAG,
        statements=("without a patient", "filed under a patient"),
    ),
    Field(
        "dated_on",
        "Date of the document",
        Kind.DATE,
        is_sortable=True,
        phrase="dated",
    ),
    Field(
        "tags",
        "Tags",
        Kind.LIST,
        phrase="tagged",
        denial="not tagged",
        statements=("without tags", "with tags"),
    ),
    Field("created_at", "Filed", Kind.TIMESTAMP, is_sortable=True, phrase="filed"),
    Field(
        "updated_at",
        "Last changed",
        Kind.TIMESTAMP,
        is_sortable=True,
        phrase="last changed",
    ),
    Field("deleted_at", "Deleted", Kind.TIMESTAMP, is_sortable=True, phrase="deleted"),
    Field("author", "Filed by", Kind.TEXT, is_sortable=True),
    Field("pages", "Number of pages", Kind.NUMBER, is_sortable=True),
    Field("filesize", "File size", Kind.SIZE, is_sortable=True),
    Field(
        "findings",
        "Findings",
        Kind.LIST,
        choices=tuple(FINDINGS),
        choice_labels=tuple(FINDINGS.values()),
        phrase="examined and found to have",
        denial="examined and not found to have",
        statements=("with nothing found in the file", "with findings in the file"),
    ),
    Field("urgent", "Urgent", Kind.FLAG, statements=("urgent", "not urgent")),
    Field(
        "confidential",
        "Confidential",
        Kind.FLAG,
        statements=("confidential", "not confidential"),
    ),
    Field(
        "held",
        "Legal hold",
        Kind.FLAG,
        statements=("under legal hold", "not under legal hold"),
    ),
    Field(
        "without_text",
        "Without text",
        Kind.FLAG,
        statements=("without text to search", "with text to search"),
    ),
    Field(
        "quarantined",
        "In quarantine",
        Kind.FLAG,
        statements=("in quarantine", "not in quarantine"),
    ),
    Field("id", "Document id", Kind.ID),
)
# Patients have only one record, and do not see what the clinic must keep or how it
# handles a document.
_NOT_FOR_PATIENTS: Final = frozenset(
    {
        "last_name",
        "first_name",
        "patient_id",
        "unfiled",
        "urgent",
        "confidential",
        "held",
        "tags",
    }
)

_KINDS: Final[Mapping[FieldKind, Kind]] = MappingProxyType(
    {
        FieldKind.TEXT: Kind.TEXT,
        FieldKind.NUMBER: Kind.DECIMAL,
        FieldKind.DATE: Kind.DATE,
        FieldKind.FLAG: Kind.FLAG,
        FieldKind.CHOICE: Kind.CHOICE,
    }
)
FIELDS: Final[Mapping[str, Field]] = MappingProxyType({f.name: f for f in _FIELDS})
OWN_FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {f.name: f for f in _FIELDS if f.name not in _NOT_FOR_PATIENTS}
)


def fields_for(actor: Actor) -> Fields:
    """Return the fields that the actor's lists may be filtered and sorted by."""
    return FIELDS if actor.may(Permission.VIEW_DOCUMENTS) else OWN_FIELDS


def listed_field(field: DocumentField) -> Field:
    """Return one of the clinic's own fields as a field of lists."""
    return Field(
        f"{PREFIX}{field.key}",
        field.label,
        _KINDS[field.kind],
        can_be_empty=True,
        choices=field.choices,
        phrase=f"with {field.name}",
    )


def listed_fields(session: Session) -> Fields:
    """Return the clinic's own fields, by their names in lists."""
    listed = map(listed_field, read_fields(session))
    return {field.name: field for field in listed}


def require_visible(actor: Actor, criteria: Criteria) -> None:
    """Raise NotAllowed if criteria use fields that the actor may not see.

    Deleted documents (`criteria.archived`) are shown to those who may restore them.
    """
    if criteria.archived:
        require_list_deleted(actor)
    visible = fields_for(actor)
    for name in criteria.fields():
        if name in FIELDS and name not in visible:
            raise NotAllowed(
                Sentence(
                    "You see only your own documents, so your lists cannot use: "
                    "{field}. Use other fields.",
                    field=Sentence(FIELDS[name].label.lower()),
                )
            )


# The columns of a list, apart from the actions on a document.
COLUMNS: Final = (
    "title",
    "document_type",
    "dated_on",
    "tags",
    "created_at",
    "last_name",
    "filesize",
    "state",
)
DOCUMENTS: Final = Subject(
    "documents",
    FIELDS,
    visibility.require_view,
    require_visible,
    columns=COLUMNS,
    more=listed_fields,
)
