"""FHIR requests and answers: addresses, content negotiation, versions."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from fastapi import HTTPException, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

from api.core.documented import Responses
from api.core.files.ranges import is_known
from api.core.files.sending import PDF
from api.core.outcomes import FHIR_JSON, FHIR_PATH, is_fhir
from api.fhir.definitions import Resource
from api.fhir.searching import FORMAT

# A body's description where any resource may be in it.
RESOURCE: Final = {"content": {FHIR_JSON: {"schema": {"type": "object"}}}}


class IdConvertor(Convertor[str]):
    """An id in a path, as FHIR allows it: `$x` and `_x` are operations, never ids."""

    regex = r"[A-Za-z0-9\-.]{1,64}"

    def convert(self, value: str) -> str:
        """Return the id as it is in the path."""
        return value

    def to_string(self, value: str) -> str:
        """Return the id as it is in a path."""
        return value


class TrailingSlash:
    """Serves an address below /fhir that ends in a slash as the one without it.

    Some clients append one. A redirect would lose the body of a POST, and repeat what
    is searched for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under the address without the slash."""
        path = scope.get("path", "")
        if scope["type"] == "http" and is_fhir(path) and path.endswith("/"):
            scope = {**scope, "path": path.removesuffix("/")}
        await self._app(scope, receive, send)


register_url_convertor("fhir_id", IdConvertor())
# The place of a resource's id in the path of a route.
ID_IN_PATH: Final = "{resource_id:fhir_id}"

_NOT_ACCEPTABLE: Final = 406
_FHIR_VERSION: Final = "4.0"
_NO_WEIGHT: Final = re.compile(r"0(\.0*)?")
_ANY_JSON: Final = frozenset(
    {"json", "application/json", "text/json", FHIR_JSON, "application/*", "*/*"}
)


def require_wanted(
    request: Request,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    served: frozenset[str] = _ANY_JSON,
) -> None:
    """Raise an error answered as 406 unless the client accepts what is served.

    `_format` takes precedence over Accept, which browsers cannot set; in a form it is
    among the `pairs`.
    """
    if format_ := dict(pairs).get(FORMAT) or request.query_params.get(FORMAT):
        # A plus sign in a query string is decoded as a space.
        said = re.sub(r"(?<=fhir) (?=json)", "+", format_)
    else:
        said = request.headers.get("accept", "").strip() or "*/*"
    if not any(is_served(part, served) for part in said.split(",")):
        name = FHIR_JSON if FHIR_JSON in served else PDF
        raise HTTPException(_NOT_ACCEPTABLE, f"This is served only as {name}.")


def is_served(media_type: str, served: frozenset[str]) -> bool:
    """Return whether a media type is served, in R4 and without a weight of 0."""
    name, *said = (part.strip().lower() for part in media_type.split(";"))
    parameters = dict(part.replace(" ", "").partition("=")[::2] for part in said)
    version = parameters.get("fhirversion", _FHIR_VERSION).strip('"')
    is_refused = _NO_WEIGHT.fullmatch(parameters.get("q", "1"))
    return name in served and version == _FHIR_VERSION and not is_refused


def refuses(*statuses: int) -> Responses:
    """Describe refusals, each an OperationOutcome."""
    return {status: {"description": "OperationOutcome"} for status in statuses}


def version_headers(resource: Resource) -> dict[str, str]:
    """Return the version as ETag and its date as Last-Modified, if they are known."""
    meta, headers = resource.get("meta", {}), {}
    if "versionId" in meta:
        headers["ETag"] = f'W/"{meta["versionId"]}"'
    if "lastUpdated" in meta:
        changed = datetime.fromisoformat(meta["lastUpdated"]).astimezone(UTC)
        headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    return headers


def base_of(request: Request) -> str:
    """Return the base URL of FHIR."""
    return f"{request.base_url}".rstrip("/") + FHIR_PATH


def has_it(request: Request, headers: dict[str, str]) -> bool:
    """Return whether the client states that it has the version (`If-None-Match`)."""
    tag = headers.get("ETag", "").removeprefix("W/")
    return bool(tag) and is_known(request.headers, tag)
