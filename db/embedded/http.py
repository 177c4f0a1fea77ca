"""Small HTTP calls to the cluster's own servers on 127.0.0.1."""

import http.client
import json
from dataclasses import dataclass
from typing import Any, Final

OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    body: Any


def call(
    port: int,
    method: str,
    path: str,
    *,
    body: object = None,
    headers: dict[str, str] | None = None,
    timeout_seconds: float = 2.0,
) -> Answer | None:
    """Return the answer, or None if nobody answers in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, headers or {})
        response = connection.getresponse()
        return Answer(response.status, _parsed(response.read()))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
