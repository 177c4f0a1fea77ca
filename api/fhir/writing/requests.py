"""Requests to write: their resource, and the answer that they ask for."""

import re
from enum import StrEnum
from typing import Any, Final

import orjson
from fastapi import HTTPException, Request

from api.core.bodies import MAX_BYTES, parse_json, read_bounded
from api.core.outcomes import FHIR_JSON
from api.fhir.answering import is_served
from api.fhir.searching import BESIDE
from services.core.errors import InvalidInput

_TYPES: Final = frozenset({FHIR_JSON, "application/json"})
_RETURN: Final = re.compile(r"\breturn\s*=\s*\"?(\w+)", re.IGNORECASE)


class Returned(StrEnum):
    """What the client wants returned after a write, by `Prefer: return=`."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "operationoutcome"


def returned(request: Request) -> Returned:
    """Return what the client wants returned: the resource unless it says otherwise."""
    for header in request.headers.getlist("prefer"):
        for said in _RETURN.findall(header):
            if said.lower() in set(Returned):
                return Returned(said.lower())
    return Returned.REPRESENTATION


def require_no_condition(request: Request) -> None:
    """Raise InvalidInput if the address has conditions of what not to create again.

    Some clients put there what FHIR has in If-None-Exist. If that were ignored, a
    second one of each would be created.
    """
    for name in request.query_params:
        if name not in BESIDE:
            raise InvalidInput(
                name[:40],
                f'"{name[:40]}" is not a parameter of create. For a conditional '
                "create, use the header If-None-Exist.",
            )


async def resource_sent(request: Request, most: int = MAX_BYTES) -> Any:
    """Return the JSON that was sent; raises errors answered as 400, 413 or 415."""
    if not is_served(request.headers.get("content-type", ""), _TYPES):
        raise HTTPException(415, f"Send the resource as {FHIR_JSON}, in R4.")
    try:
        return parse_json(await read_bounded(request, most))
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", "The body is not JSON.") from error
