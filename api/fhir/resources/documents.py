"""DocumentReference: a document's description; its file is a Binary."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.core.files.sending import PDF
from api.fhir import parameters, systems
from api.fhir.bulk.line_templates import known_of, template_maker
from api.fhir.definitions import (
    DeletedVersion,
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    SearchParameter,
    Version,
    Wanted,
    coding,
    concept,
    instant,
    meta,
    place_in,
    search_page,
    uuid_of,
    without_empty,
)
from services.audit.log.document_revisions import (
    DocumentRevision,
    list_document_revisions,
)
from services.core.actors import Actor, Role
from services.documents import records, search
from services.documents.records import streaming
from services.documents.records.kinds import TYPE_LABELS, DocumentType
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.records.streaming import (
    DOCUMENT_FIELDS,
    OF_VERSION,
    VERSION_FIELDS,
)
from services.documents.records.visibility import permission_to_view
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.lists.criteria import Combine, Filter, Group, Operator

NAME: Final = "DocumentReference"
_LOINC: Final = {
    DocumentType.MEDICAL_RECORD: "11503-0",
    DocumentType.VISIT_SUMMARY: "34133-9",
    DocumentType.REFERRAL_LETTER: "57133-1",
    DocumentType.LAB_REPORT: "11502-2",
    DocumentType.PRESCRIPTION: "57833-6",
    DocumentType.IMAGING: "18748-4",
    DocumentType.CONSENT: "59284-0",
}
TYPES_BY_LOINC: Final = {code: kind for kind, code in _LOINC.items()}


def document_resource(
    document: DocumentRecord, forgotten: Set[str] = frozenset()
) -> Resource:
    """Return the DocumentReference of the latest version.

    Fields of an earlier one that are `forgotten` are left out.
    """
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(document.id),
            "meta": meta(document.revision, document.updated_at),
            "status": "current",
            "type": _type_of(document.document_type),
            "subject": _subject(document),
            "date": instant(document.created_at),
            "author": [{"display": document.version.author_name}],
            "description": None if "title" in forgotten else document.title,
            "securityLabel": _labels(document),
            "content": [{"attachment": _attachment(document, forgotten)}],
        }
    )


def _type_of(kind: DocumentType) -> Resource:
    codings = [coding(systems.DOCUMENT_TYPE, kind.value)]
    if kind in _LOINC:
        codings.insert(0, coding(systems.LOINC, _LOINC[kind]))
    return concept(TYPE_LABELS[kind], *codings)


def _subject(document: DocumentRecord) -> Resource | None:
    if document.patient_id is None:
        return None
    return {"reference": f"Patient/{document.patient_id}"}


def _labels(document: DocumentRecord) -> list[Resource]:
    """Return labels: how confidential it is, and whether a patient stated it."""
    code = "R" if document.confidential else "N"
    labels = [concept("", coding(systems.CONFIDENTIALITY, code))]
    if document.version.stated_by_patient:
        labels.append(concept("", coding(systems.OBSERVATION_VALUE, "PATRPT")))
    return labels


def _attachment(document: DocumentRecord, forgotten: Set[str]) -> Resource:
    """Return the attachment: its SHA-256 and, if it is available, its address."""
    version, dated_on = document.version, document.dated_on
    dated = dated_on.isoformat() if dated_on else instant(version.created_at)
    where = f"Binary/{binary_id(version)}" if version.is_served else None
    return without_empty(
        {
            "extension": [{"url": systems.SHA256, "valueString": version.sha256}],
            "contentType": PDF,
            "url": where,
            "size": version.filesize,
            "title": version.filename,
            "creation": None if "dated_on" in forgotten else dated,
        }
    )


def binary_id(version: VersionRecord) -> str:
    """Return the id of a version's file."""
    return f"{version.document_id}.{version.number}"


def version_named(id_: str) -> tuple[str, int]:
    """Return the document and version number that a Binary's id names; 0 if none."""
    document_id, _, number = id_.partition(".")
    is_number = number.isascii() and number.isdigit() and len(number) <= 6  # noqa: PLR2004
    return document_id, int(number) if is_number else 0


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    return document_resource(records.get(session, caller.actor, uuid_of(id_)))


def _history(session: Session, caller: Caller, id_: str) -> Sequence[Version]:
    revisions = list_document_revisions(
        session, caller.stores.audit, caller.actor, uuid_of(id_)
    )
    return list(map(version_resource, revisions))


def version_resource(revision: DocumentRevision) -> Version:
    """Return the DocumentReference of a revision, or the deletion that it was."""
    number, at = revision.record.revision, revision.made_at
    if revision.is_deleted:
        return DeletedVersion(number, at)
    resource = document_resource(revision.record, revision.forgotten)
    return resource | {"meta": meta(number, at)}


def describe_fields(values: Mapping[str, Any]) -> Resource:
    """Return the DocumentReference with these fields of a document and its version."""
    of_version = {
        name.removeprefix(OF_VERSION): value
        for name, value in values.items()
        if name.startswith(OF_VERSION)
    }
    known = {
        name: value for name, value in values.items() if not name.startswith(OF_VERSION)
    }
    known["document_type"] = DocumentType(known["document_type"])
    known["version"] = known_of(VersionRecord, of_version)
    return document_resource(known_of(DocumentRecord, known))


def _read_all(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
    return streaming.stream_documents(
        session,
        actor,
        template_maker((*DOCUMENT_FIELDS, *VERSION_FIELDS), describe_fields),
        selection.patient_ids,
        since=selection.since,
        with_unfiled=not selection.of_patients,
    )


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    actor, criteria = wanted.actor, wanted.criteria
    listed = search.list_documents(
        session,
        actor,
        criteria,
        size=page.size or 1,
        place=place_in(page.after),
        is_placed=True,
        now=page.now,
    )
    return search_page(
        listed,
        page,
        document_resource,
        lambda: search.count_documents(session, actor, criteria, now=page.now),
    )


def _of_patient(wanted: Wanted, values: Sequence[str]) -> Wanted:
    ids = [uuid_of(parameters.reference_to("Patient", value)) for value in values]
    if wanted.actor.role is Role.PATIENT:
        # Their lists contain only their own documents, and have no filter by patient.
        is_own = wanted.actor.patient_id in ids
        return wanted if is_own else parameters.narrowed_to(wanted, parameters.NOTHING)
    filters = (Filter("patient_id", Operator.EQUAL, str(id_)) for id_ in ids)
    return parameters.narrowed_to(wanted, Group(Combine.OR, tuple(filters)))


_BY_OWN_TYPE: Final = parameters.one_of(
    "type", "document_type", [*DocumentType], ["", systems.DOCUMENT_TYPE]
)


def _of_type(value: str) -> Filter | Group:
    """Return the filter of a type, by the clinic's own code or by LOINC's."""
    system, _, code = value.rpartition("|")
    kind = TYPES_BY_LOINC.get(code) if system in {"", systems.LOINC} else None
    return _BY_OWN_TYPE(value if kind is None else kind.value)


DOCUMENT: Final = ResourceType(
    name=NAME,
    documentation="Documents that are not deleted, each in its latest version.",
    read=_read,
    history=_history,
    search=_search,
    bulk=BulkSource(permission_to_view, _read_all),
    parameters=(
        parameters.ID,
        parameters.last_updated(),
        SearchParameter(
            "patient", "reference", "The patient whose document it is.", _of_patient
        ),
        SearchParameter(
            "type",
            "token",
            "The document type, as the clinic's own code or a LOINC code.",
            parameters.filtering(_of_type),
        ),
        SearchParameter(
            "date",
            "date",
            "When the document was filed.",
            parameters.filtering(parameters.timed("date", "created_at")),
        ),
    ),
    sorts={
        "_lastUpdated": "updated_at",
        "date": "created_at",
        "type": "document_type",
    },
)
BINARY: Final = ResourceType(
    name="Binary",
    documentation=(
        "The file of a document version in its own format, whole or in part (Range)."
    ),
    is_versioned=False,
)
