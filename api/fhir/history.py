"""The versions of a resource: all of them, or one by its number."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.dependencies import Caller, Program
from api.core.documented import Responses
from api.core.outcomes import FHIR_PATH, FhirResponse
from api.fhir.answering import (
    ID_IN_PATH,
    RESOURCE,
    base_of,
    has_it,
    refuses,
    require_wanted,
    version_headers,
)
from api.fhir.definitions import (
    DeletedVersion,
    History,
    Resource,
    ResourceType,
    Version,
    instant,
    without_empty,
)
from api.fhir.searching import BESIDE
from api.fhir.table import SERVED
from db.postgres import Read
from services.core.errors import Gone, InvalidInput, NotFound

router = APIRouter(prefix=FHIR_PATH, tags=["FHIR"])

_NOT_MODIFIED: Final = 304
_HISTORY: Final[Responses] = {200: {"description": "A history Bundle", **RESOURCE}}
_VERSION: Final[Responses] = {
    200: {"description": "The version", **RESOURCE},
    _NOT_MODIFIED: {"description": "Not Modified"},
}


Versions = Sequence[Version]


def _serve_history(kind: ResourceType, history: History) -> None:
    """Add the routes that read the versions of a resource of the type."""

    def versions(caller: Caller, resource_id: str) -> Read[Versions]:
        return caller.read(lambda session: history(session, caller, resource_id))

    @router.get(
        f"/{kind.name}/{ID_IN_PATH}/_history",
        responses=_HISTORY | refuses(404, 406, 410),
    )
    def read_history(caller: Program, request: Request, resource_id: str) -> Response:
        require_wanted(request)
        for name in request.query_params:
            if name not in BESIDE:
                raise InvalidInput(
                    name[:40],
                    "A history takes no parameters; it always returns all versions.",
                )
        read = versions(caller, resource_id)
        address = f"{base_of(request)}/{kind.name}/{resource_id}"
        return FhirResponse(
            _bundle(address, kind, resource_id, read.value),
            headers=read_headers(read, caller.after),
        )

    @router.get(
        f"/{kind.name}/{ID_IN_PATH}/_history/{{version_id:fhir_id}}",
        responses=_VERSION | refuses(404, 406, 410),
    )
    def read_version(
        caller: Program, request: Request, resource_id: str, version_id: str
    ) -> Response:
        require_wanted(request)
        read = versions(caller, resource_id)
        resource = _of_number(read.value, version_id)
        headers = read_headers(read, caller.after) | version_headers(resource)
        if has_it(request, headers):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        return FhirResponse(resource, headers=headers)

    read_history.__doc__ = f"Read all versions, newest first: {kind.documentation}"
    read_version.__doc__ = f"Read one version: {kind.documentation}"


def _of_number(versions: Versions, number: str) -> Resource:
    for version in versions:
        if isinstance(version, DeletedVersion):
            if str(version.number) == number:
                raise Gone("The resource was deleted in this version.")
        elif version["meta"]["versionId"] == number:
            return version
    raise NotFound("There is no such version, or it was not kept.")


def _bundle(
    address: str, kind: ResourceType, resource_id: str, versions: Versions
) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(versions),
        "entry": [
            _deletion(address, f"{kind.name}/{resource_id}", version)
            if isinstance(version, DeletedVersion)
            else _entry(address, kind, version)
            for version in versions
        ],
    }


def _deletion(address: str, url: str, version: DeletedVersion) -> dict[str, Any]:
    return {
        "fullUrl": address,
        "request": {"method": "DELETE", "url": url},
        "response": without_empty(
            {
                "status": "204",
                "etag": f'W/"{version.number}"',
                "lastModified": instant(version.at) if version.at else None,
            }
        ),
    }


def _entry(address: str, kind: ResourceType, resource: Resource) -> dict[str, Any]:
    meta = resource["meta"]
    is_first = meta["versionId"] == "1"
    request = {
        "method": "POST" if is_first else "PUT",
        "url": kind.name if is_first else f"{kind.name}/{resource['id']}",
    }
    response = {
        "status": "201" if is_first else "200",
        "etag": f'W/"{meta["versionId"]}"',
    }
    if "lastUpdated" in meta:
        response["lastModified"] = meta["lastUpdated"]
    return {
        "fullUrl": address,
        "resource": resource,
        "request": request,
        "response": response,
    }


for served in SERVED:
    if served.history is not None:
        _serve_history(served, served.history)
