"""Small HTTP calls to the cluster's own servers on 127.0.0.1."""

from typing import Final

from db.json_http import FAILURES, JsonAnswer, exchange

__all__ = ["OK", "JsonAnswer", "call"]

OK: Final = 200


def call(
    port: int,
    method: str,
    path: str,
    *,
    body: object = None,
    headers: dict[str, str] | None = None,
    timeout_seconds: float = 2.0,
) -> JsonAnswer | None:
    """Return the answer, or None if nobody answers in time."""
    try:
        return exchange(
            f"http://127.0.0.1:{port}",
            method,
            path,
            body=body,
            headers=headers,
            timeout_seconds=timeout_seconds,
        )
    except FAILURES:
        return None
