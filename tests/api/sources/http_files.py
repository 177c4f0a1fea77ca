"""The requests of docs/http, as an editor with a REST client would send them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from tests.launch.launcher import ROOT

FOLDER = ROOT / "docs" / "http"
_REQUEST: Final = re.compile(
    r"^(?P<method>[A-Z]+) \{\{address\}\}(?P<path>\S+)\n"
    r"(?P<headers>(?:\S+: .*\n)*)\n?(?P<body>(?:.|\n)*)",
    flags=re.MULTILINE,
)
# An editor replaces such a line by the file: < ./report.pdf
_FILE: Final = re.compile(r"< \./(?P<name>\S+)")
# The client has its own.
_TOKEN: Final = "Authorization: Bearer {{token}}"


@dataclass(frozen=True)
class HttpRequest:
    """One request: `path` with its query, and the text after its headers."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON body; None if there is none."""
        return json.loads(self.text) if self.text else None

    def filled(self, **variables: str) -> "HttpRequest":
        """Return the request with the values of an editor's variables filled in."""

        def fill(text: str) -> str:
            return re.sub(r"\{\{(\w+)\}\}", lambda match: variables[match[1]], text)

        headers = {name: fill(value) for name, value in self.headers.items()}
        return replace(
            self, path=fill(self.path), headers=headers, text=fill(self.text)
        )

    def send(
        self, client: Any, files: Mapping[str, bytes] | None = None
    ) -> httpx.Response:
        """Send it with the client's own token, and the files that it names."""
        content = _bytes_of(self.text, files or {})
        answer: httpx.Response = client.ask(
            self.method, self.path, headers=self.headers, content=content
        )
        return answer


def requests_of(name: str) -> list[HttpRequest]:
    """Return the requests of a file, in their order."""
    return list(_requests_in((FOLDER / name).read_text(encoding="utf-8"), name))


def named_requests_of(name: str) -> dict[str, HttpRequest]:
    """Return the requests of a file by the names on their `###` lines."""
    return {request.name: request for request in requests_of(name)}


def _requests_in(text: str, name: str) -> Iterator[HttpRequest]:
    for part in re.split(r"^###", text, flags=re.MULTILINE):
        request = _REQUEST.search(part + "\n")
        if request:
            lines = request["headers"].splitlines()
            yield HttpRequest(
                part.partition("\n")[0].strip() or name,
                request["method"],
                request["path"],
                dict(line.split(": ", 1) for line in lines if line != _TOKEN),
                request["body"].strip(),
            )


def _bytes_of(text: str, files: Mapping[str, bytes]) -> bytes:
    """Return the body: the text, with files in place of the lines that name them.

    Lines end as those of a multipart form do.
    """
    parts = [
        files[match["name"]] if (match := _FILE.fullmatch(line)) else line.encode()
        for line in text.splitlines()
    ]
    return b"\r\n".join(parts)
