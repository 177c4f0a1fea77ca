"""The rows of a version: facts about its file, and the file's text."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from db.models.document import DocumentOriginal, DocumentText, DocumentVersion
from services.core.actors import Actor, Role
from services.documents.records import rules
from services.documents.records.drafts import StoredContent
from services.documents.records.model import VersionRecord

if TYPE_CHECKING:
    from services.pdf.report import PdfReport

# Built once, and for the table: the ORM takes longer for an insert than PostgreSQL.
_ADD: Final = insert(DocumentVersion.__table__).returning(  # type: ignore[arg-type]
    DocumentVersion.id
)
_ADD_TEXT: Final = insert(DocumentText.__table__)  # type: ignore[arg-type]


def add(
    session: Session,
    actor: Actor,
    document_id: UUID,
    number: int,
    content: StoredContent,
    *,
    version_id: UUID | None,
) -> None:
    """Write a version whose bytes are stored, with its text."""
    about: dict[str, Any] = {"document_id": document_id, "number": number}
    if version_id is not None:
        about["id"] = version_id
    added_id = _insert(session, about | values_of(actor, content))
    if pages := pages_of(content):
        session.execute(_ADD_TEXT, {"version_id": added_id, "pages": pages})
    add_original(session, added_id, content)


def add_original(session: Session, version_id: UUID, content: StoredContent) -> None:
    """Write the row of the original, if the version was made from one."""
    if (original := content.original) is not None:
        values = asdict(original) | {"version_id": version_id}
        session.execute(insert(DocumentOriginal).values(values))


def add_copy(
    session: Session, actor: Actor, number: int, version: VersionRecord
) -> None:
    """Write a version with the file, text and original of an earlier one."""
    about = {"number": number, **_by(actor)}
    version_id = _insert(session, about | _copied(version))
    text = select(literal(version_id), DocumentText.pages, DocumentText.places).where(
        DocumentText.version_id == version.id
    )
    columns = [DocumentText.version_id, DocumentText.pages, DocumentText.places]
    session.execute(insert(DocumentText).from_select(columns, text))
    copied = [
        DocumentOriginal.file_id,
        DocumentOriginal.filename,
        DocumentOriginal.media_type,
        DocumentOriginal.filesize,
        DocumentOriginal.sha256,
    ]
    original = select(literal(version_id), *copied).where(
        DocumentOriginal.version_id == version.id
    )
    session.execute(
        insert(DocumentOriginal).from_select(
            [DocumentOriginal.version_id, *copied], original
        )
    )


def evidence(version: VersionRecord) -> dict[str, Any]:
    """Return the facts about a version's file for an audit event."""
    return {
        "origin": version.origin,
        "filesize": version.filesize,
        "sha256": version.sha256,
        "scan": version.scan,
    }


def values_of(actor: Actor, content: StoredContent) -> dict[str, Any]:
    """Return the columns of a version's row for stored content."""
    report = content.report
    return {
        "file_id": content.file_id,
        "filename": rules.tidy_filename(content.filename),
        "filesize": content.filesize,
        "sha256": content.sha256,
        "pages": report.pages,
        "findings": list(report.findings),
        "origin": content.origin,
        "template": content.template,
        "scan": content.scan,
        "reading": _reading_of(report),
        "stated_by_patient": actor.role is Role.PATIENT and content.origin == "form",
        **_form(content),
        **_by(actor),
    }


def pages_of(content: StoredContent) -> list[str]:
    """Return the text page by page in storable form; an empty list if there is none."""
    pages = list(map(rules.storable, content.report.text))
    return pages if any(pages) else []


def _insert(session: Session, values: dict[str, Any]) -> UUID:
    version_id: UUID = session.execute(_ADD, values).scalar_one()
    return version_id


def _by(actor: Actor) -> dict[str, Any]:
    return {"author_id": actor.id, "author_name": actor.name}


def _reading_of(report: "PdfReport") -> str:
    """Return where the text comes from; pages without any may be scanned ones."""
    if report.has_text:
        return "embedded"
    return "none" if report.pages is None else "waiting"


def _copied(version: VersionRecord) -> dict[str, Any]:
    return {
        "document_id": version.document_id,
        "file_id": version.file_id,
        "filename": version.filename,
        "filesize": version.filesize,
        "sha256": bytes.fromhex(version.sha256),
        "pages": version.pages,
        "findings": list(version.findings),
        "origin": "restored",
        "template": version.template,
        "scan": version.scan,
        "reading": version.reading,
        "stated_by_patient": version.stated_by_patient,
        **_form(version),
    }


def _form(made: StoredContent | VersionRecord) -> dict[str, Any]:
    # None would be stored as the JSON value null.
    return {} if made.form is None else {"form": dict(made.form)}
