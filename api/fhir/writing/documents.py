"""A document that was sent: a DocumentReference, and the Binary that it refers to."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from api.core.outcomes import InvalidResource, Issue
from api.fhir import systems
from api.fhir.definitions import Resource, uuid_of
from api.fhir.resources.documents import NAME, TYPES_BY_LOINC
from api.fhir.writing.elements import (
    CODEABLE,
    OF_EVERY_RESOURCE,
    REFERENCE,
    Refused,
    Shape,
    day_of_timestamp,
    invalid,
    require_type,
    understand,
)
from services.documents.records.drafts import DraftDocument
from services.documents.records.kinds import DocumentType

BINARY: Final = "Binary"
_ENTRY: Final[dict[str, Shape]] = {
    "fullUrl": str,
    "request": {
        "method": str,
        "url": str,
        # If it were ignored, a document would be filed twice that was to be filed once.
        **dict.fromkeys(
            ("ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince"), Refused
        ),
    },
    "resource": object,
}
_BUNDLE: Final[dict[str, Shape]] = {
    **OF_EVERY_RESOURCE,
    "type": str,
    "entry": [_ENTRY],
}
_BINARY: Final[dict[str, Shape]] = {
    **OF_EVERY_RESOURCE,
    "contentType": str,
    "data": str,
}
_REFERENCE: Final[dict[str, Shape]] = {
    **OF_EVERY_RESOURCE,
    "status": str,
    "relatesTo": Refused,
    "type": CODEABLE,
    "subject": REFERENCE,
    "description": str,
    "securityLabel": [CODEABLE],
    "content": [
        {
            "attachment": {
                "contentType": str,
                "url": str,
                "size": int,
                "hash": str,
                "title": str,
                "creation": str,
            }
        }
    ],
}
# The elements of a resource that the record's fields are read from.
_EXPRESSIONS: Final = {
    "title": "description",
    "patient_id": "subject",
    "dated_on": "content[0].attachment.creation",
    "confidential": "securityLabel",
}


@dataclass(frozen=True, slots=True)
class SentDocument:
    """A document and its bytes; `places` are the positions of its two entries."""

    draft: DraftDocument
    data: bytes
    filename: str
    places: tuple[int, int]
    issues: Sequence[Issue]

    def refused(self, property_name: str, sentence: str) -> InvalidResource:
        """Return a refusal of a field or of the file as a refusal of its element."""
        reference, binary = self.places
        if property_name == "file":
            return invalid(sentence, f"{_path(binary)}.data")
        element = _EXPRESSIONS.get(property_name)
        path = _path(reference)
        return invalid(sentence, f"{path}.{element}" if element else path)


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    full_url: str
    resource: Resource

    @property
    def path(self) -> str:
        return _path(self.number)


def _path(number: int) -> str:
    return f"Bundle.entry[{number}].resource"


def read_bundle(sent: Any, base: str, *, lenient: bool) -> SentDocument:
    """Return the document that a transaction files; raises InvalidResource.

    `base` is the base URL of FHIR here.
    """
    require_type(sent, "Bundle")
    bundle = understand(sent, _BUNDLE, "Bundle", lenient=lenient)
    if bundle.resource.get("type") != "transaction":
        raise invalid("Only transactions are supported.", "Bundle.type")
    entries = _entries(bundle.resource.get("entry", ()))
    if set(entries) != {NAME, BINARY} or len(bundle.resource["entry"]) != len(entries):
        raise invalid(
            f"A transaction must contain one {NAME} and the {BINARY} that its "
            "attachment.url refers to, and nothing else.",
            "Bundle.entry",
        )
    reference, binary = entries[NAME], entries[BINARY]
    known = understand(reference.resource, _REFERENCE, reference.path, lenient=lenient)
    file = understand(binary.resource, _BINARY, binary.path, lenient=lenient)
    attachment = _attachment(known.resource, reference.path)
    data = _bytes_of(file.resource, binary)
    _require_same(attachment, file.resource, data, binary, reference.path)
    return SentDocument(
        _draft(known.resource, attachment, reference.path, base),
        data,
        attachment.get("title", "document"),
        (reference.number, binary.number),
        [*bundle.issues, *known.issues, *file.issues],
    )


def _entries(entries: Sequence[Resource]) -> dict[str, _Entry]:
    """Return the entries by the type that they create; raises InvalidResource."""
    by_name = {}
    for number, entry in enumerate(entries):
        request, resource = entry.get("request", {}), entry.get("resource")
        name = request.get("url", "")
        if request.get("method") != "POST" or name not in {NAME, BINARY}:
            raise invalid(
                f"An entry's request must be POST {NAME} or POST {BINARY}.",
                f"Bundle.entry[{number}].request",
                "not-supported",
            )
        if not isinstance(resource, dict) or resource.get("resourceType") != name:
            raise invalid(
                f"{_path(number)} must be a {name}.", _path(number), "structure"
            )
        by_name[name] = _Entry(number, entry.get("fullUrl", ""), resource)
    return by_name


def _attachment(reference: Resource, path: str) -> Resource:
    if reference.get("status") != "current":
        raise invalid(f"{path}.status must be current.", f"{path}.status")
    content = reference.get("content", ())
    if len(content) != 1:
        raise invalid("A document must have exactly one file.", f"{path}.content")
    attachment: Resource = content[0].get("attachment", {})
    return attachment


def _bytes_of(file: Resource, entry: _Entry) -> bytes:
    try:
        return base64.b64decode(file.get("data", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        path = f"{entry.path}.data"
        raise invalid("data must be Base64.", path) from error


def _require_same(
    attachment: Resource, file: Resource, data: bytes, entry: _Entry, path: str
) -> None:
    """Raise InvalidResource unless the attachment describes the file sent with it."""
    path = f"{path}.content[0].attachment"
    sha1 = base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest())
    same = {
        "contentType": file.get("contentType"),
        "size": len(data),
        "hash": sha1.decode(),
    }
    if not entry.full_url or attachment.get("url") != entry.full_url:
        raise invalid(
            f"{path}.url must be the fullUrl of the {BINARY}, such as urn:uuid:...",
            f"{path}.url",
            "not-found",
        )
    for name, value in same.items():
        if attachment.get(name, value) != value:
            raise invalid(
                f"{path}.{name} does not match the {BINARY}.", f"{path}.{name}"
            )


def _draft(
    reference: Resource, attachment: Resource, path: str, base: str
) -> DraftDocument:
    creation = attachment.get("creation")
    subject = reference.get("subject")
    return DraftDocument(
        title=reference.get("description", ""),
        document_type=_type(reference.get("type"), f"{path}.type"),
        patient_id=None
        if subject is None
        else _patient_id(subject, f"{path}.subject", base),
        dated_on=creation
        and day_of_timestamp(creation, f"{path}.content[0].attachment.creation"),
        confidential=_is_confidential(reference, path),
    )


def _patient_id(subject: Resource, path: str, base: str) -> UUID:
    """Return the patient of the document; raises InvalidResource.

    Searches accept an id alone, and the address of any server. What is filed must not
    get into the record of a patient who happens to have the same id here.
    """
    reference: str = subject.get("reference", "")
    kind, _, id_ = reference.removeprefix(f"{base}/").partition("/")
    if kind != "Patient":
        raise invalid(
            f"{path} must be a Patient on this server, given as Patient/id.", path
        )
    return uuid_of(id_)


def _type(concept: Resource | None, path: str) -> DocumentType:
    if concept is None:
        return DocumentType.OTHER
    for coding in concept.get("coding", ()):
        code = coding.get("code")
        if coding.get("system") == systems.DOCUMENT_TYPE and code in set(DocumentType):
            return DocumentType(code)
        if coding.get("system") == systems.LOINC and code in TYPES_BY_LOINC:
            return TYPES_BY_LOINC[code]
    raise invalid(
        f"{path} must have a code of {systems.DOCUMENT_TYPE} "
        f"({', '.join(DocumentType)}) or of LOINC ({', '.join(TYPES_BY_LOINC)}); if "
        "it is omitted, the type is other.",
        path,
        "code-invalid",
    )


def _is_confidential(reference: Resource, path: str) -> bool:
    codes = []
    for number, label in enumerate(reference.get("securityLabel", ())):
        for coding in label.get("coding", ()):
            code = coding.get("code")
            is_known = code in {"N", "R"}
            if coding.get("system") != systems.CONFIDENTIALITY or not is_known:
                raise invalid(
                    f"A security label must be N or R of {systems.CONFIDENTIALITY}.",
                    f"{path}.securityLabel[{number}]",
                    "code-invalid",
                )
            codes.append(code)
    return "R" in codes
