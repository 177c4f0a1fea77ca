"""/api/v1/cohorts: how many patients had an event, and how many of them had others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.analytics.saved_questions import SavedQuestionsShown, saved_response
from api.core.answers import JsonResponse, Shown, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.core.files.sending import attachment_named
from db.postgres import WriteResult
from services.analytics import cohorts, figures
from services.analytics.cohorts import (
    Cohort,
    CohortResult,
    EventKind,
    UndisclosedAnswer,
)
from services.lists.table_files import MEDIA_TYPES, FileFormat, Table, file_of

router = APIRouter(prefix="/api/v1/cohorts", tags=["Statistics"])

Answer = TypeVar("Answer")

_Kind = Literal[
    "diagnosis",
    "medication",
    "allergy",
    "procedure",
    "vital sign",
    "visit",
    "no-show",
    "cancelled visit",
    "kept or missed visit",
    "booked visit",
    "prescription",
    "document",
    "encounter elsewhere",
    "registration",
]
DimensionName = Literal[
    "sex",
    "age band",
    "month",
    "quarter",
    "year",
    "weekday",
    "hour",
    "speciality",
    "status",
    "words",
    "code",
]
_Day = Annotated[str | None, Field(json_schema_extra={"format": "date"})]


class EventBody(Body):
    """Events of a kind; a match of `words` or `code` is enough, bounds are inclusive.

    Ages are completed years on the day of the event.
    """

    kind: _Kind
    words: str = ""
    code: str = ""
    at_least: float | None = None
    at_most: float | None = None
    from_age: int | None = None
    to_age: int | None = None
    since: _Day = None
    until: _Day = None


class WindowBody(Body):
    """A number of days after the first event, or before it, without its own day."""

    days: int
    side: Literal["after", "before"] = "after"


class RuleBody(Body):
    """Whether a patient has had an event at least `times` times, or has not."""

    event: EventBody
    has: bool = True
    times: int = 1
    within: WindowBody | None = None


class CohortBody(Body):
    """Who enters a cohort, by their first such event, and who remains after each step.

    A patient passes a step by meeting any one of its rules. Empty `sexes` mean all.
    """

    entry: EventBody
    sexes: list[Literal["female", "male", "other", "unknown"]] = Field(
        default_factory=list
    )
    steps: list[list[RuleBody]] = Field(default_factory=list)
    split_by: list[DimensionName] = Field(default_factory=list)


class AttritionStepShown(Shown):
    """How many remain; null where that is `few`, or all but few of the step before.

    `few decide` means that a rule of one of the steps so far changes the number by few.
    """

    words: str
    patients: int | None
    hidden: Literal["few", "nearly all", "few decide"] | None


class CellShown(Shown):
    """Patients with the same values; null where a number may not be shown."""

    values: list[str]
    entered: int | None
    remaining: int | None


class CohortShown(Shown):
    """The counts of a cohort as of `counted_at`; none below `smallest_group` is shown.

    `counted_at` is in the past where too few patients have changed since.
    """

    sentence: str
    smallest_group: int
    counted_at: datetime
    attrition: list[AttritionStepShown]
    split_by: list[str]
    cells: list[CellShown]


class ComparisonBody(Body):
    """Two to four cohorts to compare; their `split_by` is ignored."""

    cohorts: list[CohortBody]


class IntervalShown(Shown):
    """The ends of a 95% confidence interval, by Wilson's score."""

    low: float
    high: float


class ComparedShareShown(Shown):
    """How many of a cohort have a value, and their share; null where not shown.

    `difference` is the standardized difference from the first cohort (Austin 2009).
    """

    dimension: Literal["age band", "sex"]
    value: str
    patients: int | None
    share: float | None
    interval: IntervalShown | None
    difference: float | None


class ComparedCohortShown(Shown):
    """Who remains of a cohort after its last step; `hidden` is as in a step."""

    sentence: str
    patients: int | None
    hidden: Literal["few", "few decide"] | None
    shares: list[ComparedShareShown]


class OverlapShown(Shown):
    """How many patients are in both of two cohorts, which are numbered from 0."""

    first: int
    second: int
    patients: int | None


class ComparisonShown(Shown):
    """Cohorts side by side as of `counted_at`; none below `smallest_group` is shown."""

    cohorts: list[ComparedCohortShown]
    overlaps: list[OverlapShown]
    smallest_group: int
    counted_at: datetime


class FacetsBody(Body):
    """A kind of event, and whether to count its words again.

    Otherwise the counts may be up to an hour old.
    """

    kind: _Kind
    recount: bool = False


class FacetShown(Shown):
    """Words, and how many patients a rule with them finds, as of `counted_at`."""

    words: str
    patients: int
    counted_at: datetime


class FacetsShown(Shown):
    """The most frequent words of a kind of event, the most frequent first."""

    facets: list[FacetShown]


Format = Annotated[
    Literal["json", FileFormat],
    Query(
        alias="format",
        description="Files have one row per step and omit `split_by`.",
    ),
]


@router.post(
    "",
    responses=shows(CohortShown, 413, 415, files=MEDIA_TYPES.values()),
    openapi_extra=describe_body(CohortBody),
)
def count(
    caller: ProgramOrPerson,
    body: Annotated[CohortBody, json_body(CohortBody)],
    file_format: Format = "json",
) -> Response:
    """Count patients by their events; small groups are hidden.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """
    cohort = cohorts.from_json(body.model_dump())
    return _counted(caller, lambda _: cohort, file_format)


@router.get("", responses=shows(SavedQuestionsShown))
def list_saved(caller: ProgramOrPerson) -> Response:
    """List the saved cohorts that the caller may open; nothing is counted."""
    return saved_response(caller, cohorts.COHORTS)


@router.get("/{key}", responses=shows(CohortShown, 404, files=MEDIA_TYPES.values()))
def count_kept(
    caller: ProgramOrPerson, key: str, file_format: Format = "json"
) -> Response:
    """Count the cohort stored under a key, which is `list` in the address of its page.

    The key of a figure counts the figure's cohort. Also answers 403 where earlier
    counts combined with these would reveal few patients.
    """
    return _counted(
        caller,
        lambda session: cohorts.recall(session, caller.actor, key),
        file_format,
    )


@router.post(
    "/compare",
    responses=shows(ComparisonShown, 413, 415),
    openapi_extra=describe_body(ComparisonBody),
)
def compare(
    caller: ProgramOrPerson, body: Annotated[ComparisonBody, json_body(ComparisonBody)]
) -> Response:
    """Compare two to four cohorts; small groups are hidden.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """
    compared = [cohorts.from_json(each.model_dump()) for each in body.cohorts]
    written = count_and_disclose(
        caller,
        lambda session: cohorts.compare(
            session,
            caller.actor,
            compared,
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
        ),
    )
    return JsonResponse(asdict(written.value), headers=written_headers(written))


@router.post(
    "/facets",
    responses=shows(FacetsShown, 413, 415),
    openapi_extra=describe_body(FacetsBody),
)
def facets(
    caller: ProgramOrPerson, body: Annotated[FacetsBody, json_body(FacetsBody)]
) -> Response:
    """Count the most frequent words of a kind of event in the whole clinic.

    Words that few patients have are left out, as are those whose number would reveal
    few patients when combined with earlier counts.
    """
    kind = EventKind(body.kind)
    now, least = caller.stores.now(), caller.stores.smallest_group
    if not body.recount:
        kept = caller.write(
            lambda session: figures.disclose_known_facets(
                session, caller.actor, kind, now=now, smallest_group=least
            )
        )
        if kept.value is not None:
            return _facets_response(kept.value, kept)
    undisclosed = caller.read(
        lambda session: figures.count_facets(
            session, caller.actor, kind, now=now, smallest_group=least
        )
    ).value
    counted = caller.write(
        lambda session: figures.disclose_facets(session, caller.actor, undisclosed)
    )
    return _facets_response(counted.value, counted)


def _facets_response(
    facets: Sequence[figures.Facet], written: WriteResult[Any]
) -> Response:
    shown = {"facets": [asdict(facet) for facet in facets]}
    return JsonResponse(shown, headers=written_headers(written))


def count_and_disclose(
    caller: Caller, counted: Callable[[Session], UndisclosedAnswer[Answer]]
) -> WriteResult[Answer]:
    """Count on a replica, and disclose on the primary; raises RevealsFew."""
    undisclosed = caller.read(counted).value
    return caller.write(
        lambda session: cohorts.disclose(session, caller.actor, undisclosed)
    )


def table_response(
    caller: Caller,
    name: str,
    table: Table,
    file_format: FileFormat,
    headers: Mapping[str, str],
) -> Response:
    """Return a table as a file named after `name` and the day."""
    file_name = f"{name}-{caller.stores.today():%Y-%m-%d}.{file_format}"
    disposition = {"Content-Disposition": attachment_named(file_name)}
    mark = caller.csv_mark if file_format == "csv" else ""
    return Response(
        mark.encode() + file_of(table, file_format),
        media_type=MEDIA_TYPES[file_format],
        headers={**headers, **disposition},
    )


def _counted(
    caller: Caller,
    find: Callable[[Session], Cohort],
    file_format: Literal["json"] | FileFormat,
) -> Response:
    def count(session: Session) -> UndisclosedAnswer[CohortResult]:
        cohort = find(session)
        if file_format != "json":
            # Groups that are not in the file are not disclosed, and do not count as
            # disclosed.
            cohort = replace(cohort, split_by=())
        return cohorts.count(
            session,
            caller.actor,
            cohort,
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
        )

    written = count_and_disclose(caller, count)
    headers = written_headers(written)
    if file_format == "json":
        return JsonResponse(_shown(written.value), headers=headers)
    table = written.value.to_table()
    return table_response(caller, "cohort", table, file_format, headers)


def _shown(result: CohortResult) -> dict[str, Any]:
    return {
        "sentence": result.sentence,
        "smallest_group": result.smallest_group,
        "counted_at": result.counted_at,
        "attrition": [
            {
                "words": step.words,
                "patients": step.remaining.number,
                "hidden": step.remaining.hidden,
            }
            for step in result.attrition
        ],
        "split_by": list(result.split_by),
        "cells": [
            {
                "values": list(cell.values),
                "entered": cell.entered,
                "remaining": cell.remaining,
            }
            for cell in result.cells
        ],
    }
