"""One call for several things: each is changed and reported separately.

A refusal of one does not keep the others from being changed; the answer has the outcome
of each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, Shown, written_headers
from api.core.bodies import Body
from api.core.dependencies import Caller
from api.core.documented import Problem
from api.core.problems import problem_of
from db.postgres import DatabaseUnavailable
from services.core.errors import InvalidInput, ServiceError, Unavailable

MOST: Final = 100
Ids = Annotated[
    tuple[Annotated[UUID, Field(strict=False)], ...],
    Field(strict=False, min_length=1, max_length=MOST),
]
_LEFT: Final = (
    "The database stopped accepting changes, so this one was not made. Try again "
    "in a few seconds."
)


class BulkOutcome(Shown):
    """The outcome for one thing; it is done if there is no problem."""

    id: UUID
    is_done: bool
    problem: Problem | None


class BulkAnswer(Shown):
    """How many were done, and the outcome of each in the order of the call."""

    done: int
    outcomes: list[BulkOutcome]


def require_unused(body: Body, action: str, fields: Mapping[str, str]) -> None:
    """Raise InvalidInput for a field that was filled in and belongs to another action.

    `fields` has the field that each action reads. The contents of others would be lost
    while the answer says that all was done.
    """
    for owner, name in fields.items():
        if owner != action and getattr(body, name):
            sentence = f"{name} does not belong to the action {action}; omit it."
            raise InvalidInput(name, sentence)


def do_each(
    caller: Caller, ids: Sequence[UUID], act: Callable[[Session, UUID], object]
) -> Response:
    """Act on each in a transaction of its own, and return the outcome of each.

    Raises Unavailable or DatabaseUnavailable if the very first one fails with it; for
    later ones the answer says so.
    """
    headers: dict[str, str] = {}

    def outcomes() -> Iterator[dict[str, Any]]:
        left: ServiceError | None = None
        for number, thing in enumerate(dict.fromkeys(ids)):
            refusal = left
            if left is None:
                try:
                    headers.update(written_headers(caller.write(_with(act, thing))))
                except (Unavailable, DatabaseUnavailable):
                    if number == 0:
                        raise
                    refusal = left = Unavailable(_LEFT)
                except ServiceError as error:
                    refusal = error
            problem = None if refusal is None else problem_of(refusal)
            yield {"id": thing, "is_done": problem is None, "problem": problem}

    results = list(outcomes())
    done = sum(outcome["is_done"] for outcome in results)
    return JsonResponse({"done": done, "outcomes": results}, headers=headers)


def _with(
    act: Callable[[Session, UUID], object], thing: UUID
) -> Callable[[Session], object]:
    return lambda session: act(session, thing)
