"""One small question to a server that speaks JSON over HTTP."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

# What a server that does not answer, or not in HTTP, makes `exchange` raise.
FAILURES: Final = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """What a server answered: parsed JSON, or a sentence."""

    status: int
    body: Any


def exchange(
    url: str,
    method: str,
    path: str,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float,
) -> JsonAnswer:
    """Return what the server at this URL answers; raises one of FAILURES."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        content = None if body is None else json.dumps(body)
        where = f"{parts.path.rstrip('/')}{path}"
        connection.request(method, where, content, dict(headers or {}))
        response = connection.getresponse()
        return JsonAnswer(response.status, _parsed(response.read()))
    finally:
        connection.close()


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
