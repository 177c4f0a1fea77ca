"""Bulk exports as programs request them, and what a worker makes of the requests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from db.files.gridfs import Bucket, FileStore
from db.postgres import Database
from jobs.fhir.exporting import BulkExporter
from tests.api.conftest import Client
from tests.kit.replicas import await_everywhere

REASON = "Moving to the new record system"
ASKING = {"Prefer": "respond-async", "X-Chartroom-Reason": REASON}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Worker:
    """Runs as a worker does, after which every server shows what it did."""

    database: Database
    exporter: BulkExporter

    def look(self) -> None:
        self.exporter.look()
        await_everywhere(self.database)


def ask(
    client: Client,
    path: str = "/fhir/$export",
    headers: Mapping[str, str] = ASKING,
    **parameters: str,
) -> str:
    """Request an export; return the path of its status."""
    answer = client.get(path, params=parameters, headers=headers)
    assert answer.status_code == 202, answer.text
    return urlsplit(answer.headers["Content-Location"]).path


def fetch(client: Client, status: str) -> dict[str, list[bytes]]:
    """Return the lines of all files of an export, by their types."""
    manifest = client.get(status)
    assert manifest.status_code == 200, manifest.text
    lines_by_type: dict[str, list[bytes]] = {}
    for file in [*manifest.json()["output"], *manifest.json()["error"]]:
        answer = client.get(urlsplit(file["url"]).path)
        assert answer.headers["content-type"] == "application/fhir+ndjson"
        lines = answer.content.splitlines()
        assert len(lines) == file["count"]
        lines_by_type.setdefault(file["type"], []).extend(lines)
    return lines_by_type


def ids_in(lines: list[bytes]) -> set[str]:
    return {json.loads(line)["id"] for line in lines}


def stored(files: FileStore) -> list[str]:
    """Return the ids of all files of exports."""
    later = datetime.now(UTC) + timedelta(hours=1)
    return list(files.list_older_than(Bucket.BULK_EXPORTS, later))
