"""The one call that writes a document with its first version and its text."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.documents.records.drafts import StoredContent
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.records.rows import versions

# What it does, and why in one call, is in db/functions/documents.sql.
_FILE: Final = "SELECT * FROM file_document(%s, %s, %s::text[])"


class _Filed(NamedTuple):
    """The result of `file_document`."""

    document_id: UUID
    version_id: UUID
    filed_at: datetime


def add(
    session: Session,
    actor: Actor,
    facts: dict[str, Any],
    content: StoredContent,
    *,
    names: Mapping[str, str | None],
) -> DocumentRecord | None:
    """Write a document and return it; None if its id is taken.

    `names` are those of its patient, as in a DocumentRecord. Raises IntegrityError for
    what the database refuses.
    """
    version = versions.values_of(actor, content)
    sha256 = content.sha256.hex()
    given = (
        _json(facts),
        _json(version | {"sha256": f"\\x{sha256}"}),
        versions.pages_of(content),
    )
    row = session.connection().exec_driver_sql(_FILE, given).one_or_none()
    if row is None:
        return None
    filed = _Filed(*row)
    findings = tuple(version["findings"])
    return _record_of(
        filed, facts, version | {"sha256": sha256, "findings": findings}, names
    )


def _json(values: dict[str, Any]) -> str:
    """Return columns in the form that `jsonb_populate_record` reads."""
    return json.dumps(values, default=str)


def _record_of(
    filed: _Filed,
    facts: Mapping[str, Any],
    version: Mapping[str, Any],
    names: Mapping[str, str | None],
) -> DocumentRecord:
    """Return the document as reading it from the database would."""
    chosen = {
        "document_type": DocumentType(facts["document_type"]),
        "classification": Classification(facts["classification"]),
    }
    return DocumentRecord(
        **{**facts, **chosen, "id": filed.document_id},
        patient_name=names["patient_name"],
        listed_name=names["listed_name"],
        latest=1,
        revision=1,
        created_at=filed.filed_at,
        updated_at=filed.filed_at,
        deleted_at=None,
        deleted_by=None,
        held_at=None,
        held_because=None,
        tags=(),
        fields={},
        version=VersionRecord(
            **{"form": None, **version},
            id=filed.version_id,
            document_id=filed.document_id,
            number=1,
            created_at=filed.filed_at,
            damaged_at=None,
        ),
    )
