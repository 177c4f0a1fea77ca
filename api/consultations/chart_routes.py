"""A patient's chart: coded diagnoses for programs; its summary and labels as PDF."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.core.answers import FromAttribute, JsonResponse, Shown, read_headers
from api.core.dependencies import PaperLanguage, ProgramOrPerson
from api.core.documented import sends, shows
from api.core.files.sending import PDF
from services.consultations import chart, summaries
from services.consultations.chart import (
    MOST_LABELS,
    KnownDiagnosis,
    LabelOrder,
    LabelPaper,
)
from services.consultations.diagnoses import SYSTEM

router = APIRouter()


def _system(known: KnownDiagnosis) -> str | None:
    return known.diagnosis.system or SYSTEM if known.diagnosis.code else None


class DiagnosisShown(Shown):
    """A diagnosis of a patient, with the names of a FHIR CodeableConcept's fields."""

    system: Annotated[str | None, FromAttribute(_system)] = Field(
        description="The code system; null for an uncoded diagnosis."
    )
    code: Annotated[
        str | None, FromAttribute(lambda known: known.diagnosis.code or None)
    ]
    text: Annotated[str, FromAttribute(lambda known: known.term)]
    first_at: datetime = Field(
        description="Start of the first visit with the diagnosis."
    )
    last_at: datetime = Field(description="Start of the last visit with the diagnosis.")
    visits: int = Field(description="Number of visits with the diagnosis.")


class DiagnosesShown(Shown):
    """The diagnoses of a patient, the most recently named first."""

    diagnoses: list[DiagnosisShown]


@router.get(
    "/api/v1/patients/{uuid}/diagnoses",
    tags=["Patients"],
    responses=shows(DiagnosesShown, 404, 410),
)
def diagnoses(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """List a patient's diagnoses from the notes of visits; for clinicians only."""
    read = caller.read(
        lambda session: chart.list_diagnoses(session, caller.actor, uuid)
    )
    content = {"diagnoses": list(map(DiagnosisShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get(
    "/files/patients/{uuid}/summary.pdf", tags=["Files"], responses=sends(PDF, 404, 410)
)
def summary(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return a summary of the chart to print: identity, allergies, drugs and visits.

    Only for clinicians does it include diagnoses and vital signs.
    """
    read = caller.read(lambda session: summaries.summarise(session, caller.actor, uuid))
    papers = caller.stores.papers
    made = summaries.print_summary(
        read.value,
        document_id=uuid4(),
        clinic=papers.clinic,
        now=caller.stores.now(),
        wording=papers.wording(None),
    )
    headers = read_headers(read, caller.after)
    # Without the patient's name, which would stay in the downloads of a shared desk.
    headers["Content-Disposition"] = 'inline; filename="chart-summary.pdf"'
    return Response(made, media_type=PDF, headers=headers)


@router.get(
    "/files/patients/{uuid}/patient-summary.pdf",
    tags=["Files"],
    responses=sends(PDF, 404, 410),
)
def patient_summary(
    caller: ProgramOrPerson,
    uuid: UUID,
    language: PaperLanguage = None,
) -> Response:
    """Return the summary that a patient takes along; patients get their own.

    Only for clinicians does it include the diagnoses and vital signs of visits.
    """
    now = caller.stores.now()
    read = caller.read(
        lambda session: summaries.collect(
            session, caller.actor, uuid, zone=now.tzinfo, is_printed=True
        )
    )
    papers = caller.stores.papers
    made = summaries.print_patient_summary(
        read.value,
        document_id=uuid4(),
        clinic=papers.clinic,
        now=now,
        wording=papers.wording(language or caller.actor.language),
    )
    headers = read_headers(read, caller.after)
    headers["Content-Disposition"] = 'inline; filename="patient-summary.pdf"'
    return Response(made, media_type=PDF, headers=headers)


@router.get(
    "/files/patients/{uuid}/labels.pdf",
    tags=["Files"],
    responses=sends(PDF, 400, 404, 410),
)
def labels(
    caller: ProgramOrPerson,
    uuid: UUID,
    paper: Annotated[
        LabelPaper,
        Query(
            description="Size of one label in mm, on a roll or on A4 sheets of 3 x 8."
        ),
    ] = LabelPaper.ROLL,
    count: Annotated[
        int,
        Query(alias="labels", description=f"Number of labels, at most {MOST_LABELS}."),
    ] = 1,
    first: Annotated[
        int, Query(description="First free label on a sheet, counted row by row.")
    ] = 1,
) -> Response:
    """Return labels for papers and samples: name, birth, sex and record number.

    The record number is also there as Code 128, in the form in which it is searched
    for, without the hyphen.
    """
    # Importing fpdf takes as long as half of all other imports, and few calls need it.
    from services.consultations.chart.label_paper import print_labels  # noqa: PLC0415

    order = LabelOrder(paper, count, first)
    read = caller.read(
        lambda session: chart.take_labels(session, caller.actor, uuid, order)
    )
    wording = caller.stores.papers.wording(None)
    made = print_labels(read.value, order, now=caller.stores.now(), wording=wording)
    headers = read_headers(read, caller.after)
    headers["Content-Disposition"] = 'inline; filename="labels.pdf"'
    return Response(made, media_type=PDF, headers=headers)
