"""/api/v1/queries: analysts' SQL, answered with counts and never with patients."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.analytics.cohorts import count_and_disclose, table_response
from api.analytics.saved_questions import SavedQuestionsShown, saved_response
from api.core.answers import FromAttribute, JsonResponse, Shown, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.analytics import queries
from services.lists.table_files import MEDIA_TYPES, FileFormat

router = APIRouter(prefix="/api/v1/queries", tags=["Statistics"])


class QueryBody(Body):
    """One SELECT over the views that the page *SQL* lists.

    It counts events, `count(*)`, or patients, `count(DISTINCT patient_id)`, or returns
    the distribution of age, value, waiting_minutes or days_booked_ahead over patients.
    """

    sql: str = Field(min_length=1, max_length=queries.LONGEST_TEXT)


class QueryShown(Shown):
    """The rows of a query as of `counted_at`, without those that may not be shown.

    `counted_at` is in the past where too few patients have changed since. `unit` is
    that of a vital sign's values. `number_of_rows` rows may be shown, of which those
    within LIMIT, or else the first 1,000, are included. Where rows are grouped by a
    term, a code or a status, only the `most_values` values that most patients have get
    rows of their own, and `others` is all others together. Beside a mean or a
    percentile, the number of patients is of those who have a value.
    """

    columns: Annotated[list[str], FromAttribute(lambda result: list(result.columns))]
    rows: list[list[str | int | float | None]]
    unit: str
    number_of_rows: int
    most_values: int | None
    smallest_group: int
    counted_at: datetime


Format = Annotated[
    Literal["json", FileFormat],
    Query(alias="format", description="Files have the same columns and rows."),
]


@router.post(
    "",
    responses=shows(QueryShown, 413, 415, files=MEDIA_TYPES.values()),
    openapi_extra=describe_body(QueryBody),
)
def run(
    caller: ProgramOrPerson,
    body: Annotated[QueryBody, json_body(QueryBody)],
    file_format: Format = "json",
) -> Response:
    """Run a query; small groups have no row, and 400 says what is not supported.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """
    return _ran(caller, queries.parse(body.sql), file_format)


@router.get("", responses=shows(SavedQuestionsShown))
def list_saved(caller: ProgramOrPerson) -> Response:
    """List the saved queries that the caller may open; nothing is run."""
    return saved_response(caller, queries.QUERIES)


@router.get("/{key}", responses=shows(QueryShown, 404, files=MEDIA_TYPES.values()))
def run_kept(
    caller: ProgramOrPerson, key: str, file_format: Format = "json"
) -> Response:
    """Run the query stored under a key, which is `list` in the address of its page.

    Also answers 403 where earlier counts combined with these would reveal few patients.
    """
    query = caller.read(lambda session: queries.recall(session, caller.actor, key))
    return _ran(caller, query.value, file_format)


def _ran(
    caller: Caller,
    query: queries.Query,
    file_format: Literal["json"] | FileFormat,
) -> Response:
    written = count_and_disclose(
        caller,
        lambda session: queries.count(
            session,
            caller.actor,
            query,
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
        ),
    )
    headers = written_headers(written)
    result = queries.result_of(query, written.value)
    if file_format != "json":
        table = result.to_table()
        return table_response(caller, "query", table, file_format, headers)
    return JsonResponse(QueryShown.of(result), headers=headers)
