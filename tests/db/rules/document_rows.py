"""Documents of several people in several states, each with a version and its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

_NOW = datetime.now(UTC)


@dataclass(frozen=True)
class _Case:
    """A document: the patient, the author, and its state."""

    tag: str
    patient: str | None
    author: str
    document: Mapping[str, Any]
    version: Mapping[str, Any]


def _case(
    tag: str, patient: str | None, author: str, scan: str = "clean", **document: Any
) -> _Case:
    return _Case(tag, patient, author, document, {"scan": scan})


_CASES = (
    _case("ann", "ann", "staff"),
    _case("bob", "bob", "staff"),
    _case("patient", "ann", "patient"),
    _case("invoice", "ann", "patient", classification="administrative"),
    _case("treated", "ann", "clinician"),
    _case("clinician", None, "clinician"),
    _case("colleague", None, "colleague"),
    _case("gone", "ann", "staff", deleted_at=_NOW, deleted_by=uuid4()),
    _case("waiting", "ann", "staff", scan="waiting"),
    _case("sealed", "ann", "clinician", confidential=True),
    _case("own_sealed", "ann", "staff", confidential=True),
    _case("named", "ann", "clinician", confidential=True),
    _case("withheld", "ann", "clinician", confidential=True, withheld=True),
)
# Links: the document, the author, and whether the link is still valid.
_LINKS = {
    "patient": ("patient", "patient", True),
    "staff": ("bob", "staff", True),
    "clinician": ("treated", "clinician", True),
    "over": ("ann", "staff", False),
    "gone": ("gone", "staff", True),
    "quarantined": ("waiting", "staff", True),
    "sealed": ("sealed", "clinician", True),
}
# The named readers: the document, the reader, and who named them.
_READERS = {
    "desk": ("named", "staff", "staff"),
    "colleague": ("own_sealed", "colleague", "clinician"),
}


def document_rows(
    patients: Mapping[str, UUID], users: Mapping[str, UUID]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield tables, tags and values."""
    yield "document_fields", "lab", {"key": "lab", "name": "Lab", "kind": "text"}
    version_ids = {case.tag: uuid4() for case in _CASES}
    document_ids = {case.tag: uuid4() for case in _CASES}
    for case in _CASES:
        document_id, author = document_ids[case.tag], users[case.author]
        filed = {
            "id": document_id,
            "patient_id": patients[case.patient] if case.patient else None,
            "title": case.tag,
            "created_by": author,
            "created_by_name": case.author,
        }
        yield "documents", case.tag, filed | dict(case.document)
        version_id = version_ids[case.tag]
        version = _version(version_id, document_id, author) | dict(case.version)
        yield "document_versions", case.tag, version
        yield "document_texts", case.tag, {"version_id": version_id}
        yield "document_originals", case.tag, _original(version_id)
        filled = {"document_id": document_id, "field": "lab", "text_value": "L-1"}
        yield "document_field_values", case.tag, filled
        assigned = {"document_id": document_id, "changed_by": author}
        yield "document_assignments", case.tag, assigned
    for tag in ("shown", "hidden"):
        kept = {"name": tag, "is_shown_to_patients": tag == "shown"}
        yield "document_tags", tag, kept
    for person in ("patient", "staff", "clinician", "colleague"):
        upload_id = uuid4()
        begun = {"id": upload_id, "length": 1, "created_by": users[person]}
        yield "uploads", person, begun
        part = {"upload_id": upload_id, "first_byte": 0, "size": 1, "file_id": "part"}
        yield "upload_parts", person, part
    for tag, (of, author, is_live) in _LINKS.items():
        about = {"version_id": version_ids[of], "created_by": users[author]}
        yield "document_shares", tag, about | _link(is_live=is_live)
    for tag, (of, reader, namer) in _READERS.items():
        yield (
            "document_readers",
            tag,
            {
                "document_id": document_ids[of],
                "user_id": users[reader],
                "named_by": users[namer],
            },
        )


def _original(version_id: UUID) -> dict[str, Any]:
    return {
        "version_id": version_id,
        "file_id": uuid4().hex,
        "filename": "photo.jpg",
        "media_type": "image/jpeg",
        "filesize": 1,
        "sha256": bytes(32),
    }


def _version(version_id: UUID, document_id: UUID, author_id: UUID) -> dict[str, Any]:
    return {
        "id": version_id,
        "document_id": document_id,
        "number": 1,
        "file_id": uuid4().hex,
        "filename": "document.pdf",
        "filesize": 1,
        "sha256": b"x" * 32,
        "origin": "upload",
        "author_id": author_id,
        "author_name": "Somebody",
    }


def _link(*, is_live: bool) -> dict[str, Any]:
    made_at = _NOW - timedelta(hours=2)
    return {
        "token_hash": uuid4().bytes * 2,
        "created_by_name": "Somebody",
        "created_at": made_at,
        "expires_at": made_at + timedelta(hours=4 if is_live else 1),
    }
