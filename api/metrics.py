"""/metrics: what Prometheus collects; labels never carry anything of a patient."""

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    disable_created_metrics,
    generate_latest,
)
from starlette.responses import PlainTextResponse, Response

from api.dependencies import stores_of
from db.routing import DatabaseUnavailable
from services.booking_statistics import count_outcomes

router = APIRouter(tags=["Health"])

# When each counter was made says nothing that Prometheus does not know better.
disable_created_metrics()  # type: ignore[no-untyped-call]


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Return all counters of this process, and what became of bookings in all."""
    told = generate_latest() + _bookings(request)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _bookings(request: Request) -> bytes:
    """Return the clinic's bookings by outcome; nothing while no database answers."""
    caches = stores_of(request).papers.visits.caches
    try:
        counted = caches.figures("outcomes", count_outcomes).value
    except DatabaseUnavailable:
        return b""
    # In a registry of its own: it is the clinic's number, not this process's.
    registry = CollectorRegistry()
    bookings = Gauge(
        "chartroom_bookings",
        "Attempts to book so far, by outcome: holds that expired, conflicts that "
        "others won; as many as 30 seconds ago.",
        ["outcome"],
        registry=registry,
    )
    for outcome, number in counted.items():
        bookings.labels(outcome).set(number)
    return generate_latest(registry)
