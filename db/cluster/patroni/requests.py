"""One question or command to one member's REST API."""

import base64
from typing import Any, Final

from db.json_http import FAILURES, JsonAnswer, exchange

LOGIN: Final = "chartroom"
_FIRST_ERROR: Final = 400


class PatroniSilent(Exception):
    """No member that could answer did."""


class PatroniRefused(Exception):
    """Patroni will not do it; the message is its own reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def ask(
    url: str,
    method: str,
    path: str,
    *,
    body: object = None,
    password: str = "",
    timeout_seconds: float,
) -> JsonAnswer:
    """Return what the member at this URL answers; raises PatroniSilent."""
    headers = {"Content-Type": "application/json"}
    if password:
        login = base64.b64encode(f"{LOGIN}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {login}"
    try:
        return exchange(
            url,
            method,
            path,
            body=body,
            headers=headers,
            timeout_seconds=timeout_seconds,
        )
    except FAILURES as error:
        raise PatroniSilent(type(error).__name__) from error


def require(answer: JsonAnswer) -> Any:
    """Return the answer's body, or raise PatroniRefused with the reason in it."""
    if answer.status >= _FIRST_ERROR:
        raise PatroniRefused(answer.status, str(answer.body).strip() or "no reason")
    return answer.body
