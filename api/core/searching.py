"""/api/v1/search: one search for patients, documents and doctors, while typing."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import FromAttribute, JsonResponse, Shown, read_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import ProgramOrPerson
from api.core.documented import shows
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable
from services.documents import search as documents
from services.patients import search as patients
from services.visits.schedule import doctors

router = APIRouter(prefix="/api/v1/search", tags=["Search"])

_LONGEST: Final = 200
_FEWEST: Final = 2
_MOST_DOCTORS: Final = 4
Kind = Literal["patients", "documents", "doctors"]
_KINDS: Final[tuple[Kind, ...]] = ("patients", "documents", "doctors")


class SearchBody(Body):
    """The search text; in a body, because addresses end up in logs.

    `kinds` are the kinds to look for, by default all. `most` limits the number of
    patients, and `total` also asks for the number of all that match.
    """

    search: Annotated[str, Field(max_length=_LONGEST)]
    kinds: Annotated[
        list[Kind],
        Field(min_length=1, max_length=3, default_factory=lambda: list(_KINDS)),
    ]
    most: Annotated[int, Field(ge=1, le=30)] = 6
    total: bool = False


class PatientHitShown(Shown):
    """Enough of a patient to tell them from others; `name` has the last name first."""

    uuid: Annotated[UUID, FromAttribute("id")]
    name: Annotated[
        str, FromAttribute(lambda patient: f"{patient.last_name}, {patient.first_name}")
    ]
    first_name: str
    last_name: str
    date_of_birth: date
    record_number: str


class DocumentHitShown(Shown):
    """A document by its title."""

    uuid: Annotated[UUID, FromAttribute("id")]
    title: str


class DoctorHitShown(Shown):
    """A doctor and their specialization."""

    uuid: Annotated[UUID, FromAttribute("id")]
    name: str
    specialization: Annotated[str, FromAttribute("speciality")]


class SearchShown(Shown):
    """The first of each kind that the caller may see; `advice` says what was mistyped.

    Where `similar` is true no patient matches, and these have similar names. `total` is
    null unless it was asked for, and a bound or an estimate unless `total_is_exact`.
    """

    patients: list[PatientHitShown]
    similar: bool
    total: int | None
    total_is_exact: bool | None
    documents: list[DocumentHitShown]
    doctors: list[DoctorHitShown]
    advice: str | None


@router.post(
    "", responses=shows(SearchShown, 413, 415), openapi_extra=describe_body(SearchBody)
)
def search(
    caller: ProgramOrPerson, body: Annotated[SearchBody, json_body(SearchBody)]
) -> Response:
    """Find the first patients, documents and doctors that the caller may see.

    Nothing is found for fewer than two characters.
    """
    typed = " ".join(body.search.split())
    if not is_storable(typed):
        raise InvalidInput(
            "search", "search contains a character that cannot be stored."
        )
    read = caller.read(lambda session: _find(session, caller.actor, typed, body))
    return JsonResponse(read.value, headers=read_headers(read, caller.after))


def _find(
    session: Session, actor: Actor, typed: str, body: SearchBody
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "patients": [],
        "similar": False,
        "total": None,
        "total_is_exact": None,
        "documents": [],
        "doctors": [],
        "advice": None,
    }
    if len(typed) < _FEWEST:
        return answer
    names = actor.may(Permission.LIST_PATIENTS) and actor.may(Permission.VIEW_NAMES)
    if names and "patients" in body.kinds:
        try:
            answer |= _find_patients(session, actor, typed, body)
        except InvalidInput as refusal:
            answer["advice"] = str(refusal)
    papers_of = (Permission.VIEW_DOCUMENTS, Permission.VIEW_OWN_DOCUMENTS)
    if any(map(actor.may, papers_of)) and "documents" in body.kinds:
        try:
            papers = documents.find_quickly(session, actor, typed)
            answer["documents"] = list(map(DocumentHitShown.of, papers))
        except InvalidInput as refusal:
            answer["advice"] = answer["advice"] or str(refusal)
    if actor.may(Permission.VIEW_DOCTORS) and "doctors" in body.kinds:
        known = doctors.list_doctors(session, actor, search=typed, limit=_MOST_DOCTORS)
        answer["doctors"] = list(map(DoctorHitShown.of, known))
    return answer


def _find_patients(
    session: Session, actor: Actor, typed: str, body: SearchBody
) -> dict[str, Any]:
    matches = patients.find_quickly(
        session, actor, typed, limit=body.most, has_total=body.total
    )
    answer: dict[str, Any] = {
        "patients": list(map(PatientHitShown.of, matches.patients)),
        "similar": matches.is_similar,
    }
    if matches.total is not None:
        answer["total"] = matches.total.value
        answer["total_is_exact"] = matches.total.is_exact
    return answer
