"""/metrics: what Prometheus collects; labels never carry anything of a patient."""

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    disable_created_metrics,
    generate_latest,
)
from starlette.responses import PlainTextResponse, Response

router = APIRouter(tags=["Health"])

# When each counter was made says nothing that Prometheus does not know better.
disable_created_metrics()  # type: ignore[no-untyped-call]


@router.get("/metrics", response_class=PlainTextResponse)
def metrics() -> Response:
    """Return all counters of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
