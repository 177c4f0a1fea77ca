"""The API as one ASGI application."""

from collections.abc import Collection
from itertools import chain
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.analytics import cohort_figures, cohorts, dashboards, queries
from api.audit import audit_file
from api.backups import preview_lists
from api.cluster import health, metrics, operations, replication
from api.consultations import chart_routes, prescriptions
from api.core import docs, documented, origins, problems, searching
from api.core.dependencies import Stores
from api.core.middleware.compressing import CompressedJson
from api.core.middleware.heads import HeadOfGet
from api.documents import (
    document_bulk,
    document_bundles,
    document_fields,
    document_files,
    document_forms,
    document_lists,
    document_routes,
    inbox,
    shares,
    tags,
    uploads,
)
from api.documents.schemas import stale_document
from api.fhir import history, routes as fhir_routes, smart_configuration, token_endpoint
from api.fhir.answering import TrailingSlash
from api.fhir.bulk import routes as fhir_exports
from api.fhir.writing import routes as fhir_creation, transactions
from api.patients import (
    exports,
    files,
    patient_bulk,
    patient_register,
    patient_routes,
)
from api.patients.schemas import stale_patient
from api.people import notifications, people_routes
from api.visits import (
    appointments,
    bookings,
    day_lists,
    doctors,
    figures,
    public_booking,
    schedule,
    tickets,
    waiting_list,
)
from services.documents.records.errors import StaleRevision
from services.patients.records.refusals import StaleVersion

# All other paths belong to the pages.
PATHS: Final = (
    "/api",
    "/fhir",
    "/patient-register",
    "/health",
    "/metrics",
    "/files",
)

_PARTS: Final = (
    patient_register,
    patient_bulk,
    patient_routes,
    document_lists,
    document_bulk,
    document_routes,
    document_bundles,
    document_files,
    uploads,
    shares,
    inbox,
    exports,
    tags,
    document_fields,
    document_forms,
    searching,
    doctors,
    schedule,
    bookings,
    public_booking,
    waiting_list,
    appointments,
    figures,
    cohorts,
    cohort_figures,
    queries,
    dashboards,
    tickets,
    day_lists,
    people_routes,
    notifications,
    prescriptions,
    chart_routes,
    health,
    replication,
    metrics,
    operations,
    files,
    audit_file,
    fhir_exports,
    fhir_routes,
    fhir_creation,
    history,
    transactions,
    smart_configuration,
    token_endpoint,
    preview_lists,
    docs,
)
_DESCRIPTION: Final = """
The clinic's patients, documents and visits, for programs. Every call needs a bearer
token, except /health, /api/v1/health, this page, the metadata, SMART configuration and
token endpoint of /fhir and, where the clinic has switched it on, /api/public. Create
tokens on the page Tokens or with `python -m dashboard token --role ROLE`; connected
systems get theirs with a signed JWT (SMART Backend Services). /metrics has a token of
its own.

Errors are RFC 9457 problems (`application/problem+json`), except that /fhir returns
OperationOutcomes and /patient-register has an envelope of its own. A write returns
`X-Chartroom-LSN`: send it with later reads, and they include that write, whichever
replica serves them. HEAD is answered wherever GET reads JSON.

The number of calls per minute is limited for each token. Beyond it the answer is 429,
and `Retry-After` gives the seconds until the next call is accepted.
"""


def create_api(
    stores: Stores,
    *,
    metrics_token: str | None = None,
    cors_origins: Collection[str] = (),
) -> FastAPI:
    """Return the API on these stores.

    Scripts of pages at the `cors_origins` may call it, with tokens of their own.
    Without a `metrics_token`, metrics are served on this machine only.

    The server has to put `dashboard.web.gate.middleware` in front, which recognises
    browsers.
    """
    api = FastAPI(
        title="Chartroom",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=docs.OPENAPI_PATH,
        # A redirect would repeat the query string's contents in the address of another
        # path.
        redirect_slashes=False,
    )
    api.state.stores = stores
    api.state.metrics_token = metrics_token
    api.state.checkup = health.Checkup(stores)
    every = chain.from_iterable(part.router.routes for part in _PARTS)
    routes = [route for route in every if isinstance(route, APIRoute)]
    problems.install(api, routes)
    api.add_exception_handler(StaleRevision, stale_document)
    api.add_exception_handler(StaleVersion, stale_patient)
    for part in _PARTS:
        api.include_router(part.router)
    api.include_router(fhir_routes.unserved)
    documented.describe(api)
    api.add_middleware(CompressedJson)
    api.add_middleware(HeadOfGet, routes=routes)
    api.add_middleware(TrailingSlash)
    origins.admit(api, cors_origins)
    return api


def serves(path: str) -> bool:
    """Return whether the path belongs to the API."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PATHS)
