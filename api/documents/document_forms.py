"""/api/document-forms: documents made from forms, the clinic's and patients' own."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from api.core.answers import JsonResponse, Shown, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.core.idempotency import IdempotencyKey, id_for
from api.documents.document_uploads import discard_unused
from api.documents.schemas import (
    DocumentAnswer,
    DocumentShown,
    document_etag,
    document_path,
)
from db.postgres import WriteResult
from services.core.errors import InvalidInput
from services.documents import forms, records
from services.documents.forms import FormFieldKind, Template, Value
from services.documents.records.drafts import DraftDocument
from services.documents.records.kinds import DocumentType
from services.documents.records.model import DocumentRecord
from services.documents.records.visibility import permission_to_file

router = APIRouter(prefix="/api/document-forms", tags=["Documents"])

_CREATED: Final = 201


class FormFieldShown(Shown):
    """A field of a form; a table has columns, and its rows are lists of cells."""

    name: str
    label: str
    kind: FormFieldKind
    required: bool
    help: str
    columns: list[str]


class DocumentFormShown(Shown):
    """A form that the caller may fill in."""

    name: str
    title: str
    document_type: DocumentType
    summary: str
    fields: list[FormFieldShown]


class DocumentFormsShown(Shown):
    """The forms that the caller may fill in."""

    forms: list[DocumentFormShown]


class FilledForm(Body):
    """The values of a form's fields; patients can write only about themselves."""

    form: dict[str, str | list[list[str]]]
    patient_id: Annotated[UUID | None, Field(strict=False)] = None
    title: str = ""
    custom_fields: dict[str, Any] = Field(
        default_factory=dict, description="Values of the clinic's own fields, by key."
    )

    def values_for(self, template: Template) -> dict[str, Value]:
        """Return the values, or raise InvalidInput for a field the form lacks.

        Dates are ISO dates.
        """
        known = {field.name for field in template.fields}
        for name in self.form:
            if name not in known:
                raise InvalidInput(name[:40], f"There is no field {name[:40]}.")
        return dict(self.form)


def writer(caller: ProgramOrPerson) -> Caller:
    """Return the caller if they may file the document that a form becomes."""
    caller.require(permission_to_file(caller.actor))
    return caller


Writer = Annotated[Caller, Depends(writer)]


@router.get("", responses=shows(DocumentFormsShown))
def list_forms(caller: Writer) -> Response:
    """List the forms that the caller may fill in; patients have forms of their own."""
    known = forms.templates_for(caller.actor).values()
    return JsonResponse({"forms": list(map(_shown, known))})


@router.post(
    "/{name}",
    status_code=_CREATED,
    responses=shows(DocumentAnswer, 404, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(FilledForm),
)
def file_form(
    caller: Writer,
    name: str,
    body: Annotated[FilledForm, json_body(FilledForm, writer)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make a PDF from a form and file it; one written by a patient is marked as such.

    It counts as an upload. With a key, a form is filed only once, however often it is
    sent.
    """
    document_id = id_for(caller.actor, idempotency_key) or uuid4()
    template, now = forms.template_for(caller.actor, name), caller.stores.now()
    form = forms.checked(template, body.values_for(template), today=now.date())
    with caller.counting_upload():
        written = _make(caller, template, form, body, document_id=document_id, now=now)
    filed = written.value
    answer = {
        "message": "Document generated and uploaded successfully",
        "document": DocumentShown.of(filed),
    }
    headers = {"Location": document_path(filed.id), "ETag": document_etag(filed)}
    return JsonResponse(answer, _CREATED, headers | written_headers(written))


def _make(
    caller: Caller,
    template: Template,
    form: Mapping[str, Any],
    body: FilledForm,
    *,
    document_id: UUID,
    now: datetime,
) -> WriteResult[DocumentRecord]:
    papers = caller.stores.papers
    wording = papers.wording(None)
    data = forms.generate(
        template,
        form,
        clinic=papers.clinic,
        document_id=document_id,
        now=now,
        author=caller.actor.name,
        wording=wording,
    )
    content = papers.ingest.receive(
        BytesIO(data),
        forms.filename_of(template, form, now.date(), wording),
        person=caller.actor.id,
        origin="form",
        template=template.name,
        form=form,
    )
    draft = DraftDocument(
        title=body.title or wording.say(template.title),
        document_type=DocumentType(template.document_type),
        patient_id=body.patient_id,
        id=document_id,
        dated_on=now.date(),
        fields=body.custom_fields,
    )
    with papers.ingest.discarding_on_refusal(content):
        written = caller.write(
            lambda session: records.file(session, caller.actor, draft, content),
            key=uuid4(),
        )
    discard_unused(caller, content, written.value)
    return written


def _shown(template: Template) -> dict[str, Any]:
    fields = list(map(FormFieldShown.of, template.fields))
    return DocumentFormShown.of(template) | {"fields": fields}
