"""The invented clinic's own fields of documents, and their values in its papers."""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.documents import fields
from services.documents.fields import FieldDefinition, FieldKind
from services.documents.records.kinds import DocumentType

_LAB: Final = (DocumentType.LAB_REPORT.value,)
_MATERIALS: Final = ("Blood", "Urine", "Swab")
_DEFINED: Final = (
    (FieldKind.TEXT, FieldDefinition("Laboratory number", document_types=_LAB)),
    (FieldKind.DATE, FieldDefinition("Date of sample", document_types=_LAB)),
    (
        FieldKind.CHOICE,
        FieldDefinition("Material", choices=_MATERIALS, document_types=_LAB),
    ),
    (FieldKind.NUMBER, FieldDefinition("Volume", unit="ml", document_types=_LAB)),
    (FieldKind.FLAG, FieldDefinition("Fasting", document_types=_LAB)),
    (
        FieldKind.TEXT,
        FieldDefinition(
            "Reference of the sender",
            document_types=(
                DocumentType.CORRESPONDENCE.value,
                DocumentType.REFERRAL_LETTER.value,
            ),
        ),
    ),
)


def define(session: Session, administrator: Actor) -> frozenset[str]:
    """Define the clinic's fields unless it has some; return the keys of its fields.

    The caller commits.
    """
    known = fields.list_fields(session, administrator)
    if not known:
        known = tuple(
            fields.add_field(session, administrator, kind, definition)
            for kind, definition in _DEFINED
        )
    return frozenset(field.key for field in known if not field.is_archived)


def values_of(
    document_type: DocumentType, number: int, day: date, rng: Random
) -> dict[str, Any]:
    """Return a paper's values in the fields from `define`, for a day."""
    match document_type:
        case DocumentType.LAB_REPORT:
            return {
                "laboratory_number": f"L-{day:%Y}-{4100 + number:06}",
                "date_of_sample": day - timedelta(days=1),
                "material": rng.choice(_MATERIALS),
                "volume": rng.choice((2.5, 5, 7.5)),
                "fasting": rng.random() < 1 / 2,
            }
        case DocumentType.CORRESPONDENCE | DocumentType.REFERRAL_LETTER:
            return {"reference_of_the_sender": f"{day:%y}/{210 + number}"}
        case _:
            return {}
