"""/api/v1/figures: patients, shares, events and quantities, by one or two things."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.analytics.cohorts import (
    CohortBody,
    DimensionName,
    EventBody,
    count_and_disclose,
    table_response,
)
from api.core.answers import JsonResponse, Shown, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.analytics import figures
from services.analytics.cohorts import Cohort
from services.analytics.figures import Figure, FigureCell, FigureResult
from services.core.errors import InvalidInput
from services.lists.table_files import MEDIA_TYPES, FileFormat

router = APIRouter(prefix="/api/v1/figures", tags=["Statistics"])


_Measure = Literal["patients", "share", "events", "distribution", "proportion"]


class FigureBody(Body):
    """A figure of the patients who remain of a cohort, by one or two properties.

    They are properties of an event: the cohort's first one, or each event that matches
    `of`. `measure` is the number of patients, the number of events, the share of the
    patients who came in that remain, or the distribution of a `quantity`: the age at
    the event, the value of a vital sign, or the minutes that a visit waited. Each
    patient counts once in a group, with the mean of their values. A `proportion` is the
    part of these events that match `numerator` as well, such as the no-shows among
    kept or missed visits. With `totals`, patients or events counted by two properties
    are also summed up.
    """

    cohort: CohortBody
    by: list[DimensionName] = Field(min_length=1, max_length=2)
    measure: _Measure = "patients"
    of: EventBody | None = None
    numerator: EventBody | None = None
    quantity: Literal["age", "value", "waiting time", "days booked ahead"] | None = None
    totals: bool = False


class DistributionShown(Shown):
    """Mean and percentiles of one number per patient, to a tenth.

    A percentile is the mean of the `smallest_group` patients nearest to its rank; null
    where fewer lie on one side of it.
    """

    mean: float | None
    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None


class FigureCellShown(Shown):
    """One group; null where a number may not be shown. For shares, `entered` came in.

    For proportions, `entered` is the number of all events, the denominator. In a total,
    the values that it sums over are empty.
    """

    values: list[str]
    number: int | None
    entered: int | None
    share: float | None
    distribution: DistributionShown | None


class FigureShown(Shown):
    """The numbers of a figure as of `counted_at`; none below `smallest_group` is shown.

    `counted_at` is in the past where too few patients have changed since.
    """

    sentence: str
    by: list[str]
    measure: _Measure
    unit: str
    smallest_group: int
    counted_at: datetime
    cells: list[FigureCellShown]
    totals: list[FigureCellShown]


Format = Annotated[
    Literal["json", FileFormat],
    Query(
        alias="format",
        description="Files have one row per group, then one per total.",
    ),
]


@router.post(
    "",
    responses=shows(FigureShown, 413, 415, files=MEDIA_TYPES.values()),
    openapi_extra=describe_body(FigureBody),
)
def count(
    caller: ProgramOrPerson,
    body: Annotated[FigureBody, json_body(FigureBody)],
    file_format: Format = "json",
) -> Response:
    """Count a figure; small groups are hidden.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """
    figure = figures.from_json(body.model_dump())
    return _counted(caller, lambda _: figure, file_format)


@router.get("/{key}", responses=shows(FigureShown, 404, files=MEDIA_TYPES.values()))
def count_kept(
    caller: ProgramOrPerson, key: str, file_format: Format = "json"
) -> Response:
    """Count the figure stored under a key: the `list` in the address of its page.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """

    def find(session: Session) -> Figure:
        kept = figures.recall(session, caller.actor, key)
        if isinstance(kept, Cohort):
            raise InvalidInput(
                "key",
                "This key is of a cohort without a figure; POST a figure instead.",
            )
        return kept

    return _counted(caller, find, file_format)


def _counted(
    caller: Caller,
    find: Callable[[Session], Figure],
    file_format: Literal["json"] | FileFormat,
) -> Response:
    written = count_and_disclose(
        caller,
        lambda session: figures.count(
            session,
            caller.actor,
            find(session),
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
        ),
    )
    headers = written_headers(written)
    if file_format == "json":
        return JsonResponse(shown_of(written.value), headers=headers)
    table = figures.table_of(written.value)
    return table_response(caller, "figure", table, file_format, headers)


def shown_of(result: FigureResult) -> dict[str, Any]:
    """Return a figure's numbers as `FigureShown` describes them."""
    return {
        "sentence": result.sentence,
        "by": list(result.figure.by),
        "measure": result.figure.measure,
        "smallest_group": result.smallest_group,
        "counted_at": result.counted_at,
        "unit": result.unit,
        "cells": list(map(_cell, result.cells)),
        "totals": list(map(_cell, result.totals)),
    }


def _cell(cell: FigureCell) -> dict[str, Any]:
    return {
        "values": list(cell.values),
        "number": cell.number,
        "entered": cell.entered,
        "share": cell.share,
        "distribution": asdict(cell.distribution) if cell.distribution else None,
    }
