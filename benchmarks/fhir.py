"""Patients by FHIR, compared with the same patients by /api/v1: a first page, and one.

Run as `python -m benchmarks.fhir [--patients N]`. There is one web process as the
product starts it, and one client that keeps its connection; the two are asked in turns
with the same token. A page has 20 patients. /api/v1 counts no list, so it is compared
with a page without a total; a page with its total is compared with the register's,
which counts. The bar is 1.5 times the peer's time.
"""

import argparse
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.demo import seeding
from services.people import tokens
from tests.browser.running import chartroom

_SIZE: Final = 20
_ROUNDS: Final = 200
_NO_LIMIT: Final = "10000000"


def main() -> None:
    """Seed a clinic, serve it, and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fhir")
    parser.add_argument("--patients", type=int, default=20_000)
    wanted = parser.parse_args()
    with endpoints() as fresh, tempfile.TemporaryDirectory() as folder:
        with closing(Database(fresh)) as database:
            seeding.seed(database, patients=wanted.patients)
            token = database.write(
                lambda session: tokens.issue(
                    session, Role.STAFF, lifetime=timedelta(days=1)
                ),
                identity=SYSTEM,
            ).value
        served = chartroom(
            fresh, Path(folder), is_cold=True, api_calls_per_minute=_NO_LIMIT
        )
        headers = {"Authorization": f"Bearer {token}"}
        with (
            served as address,
            httpx.Client(base_url=address, headers=headers, timeout=60) as client,
        ):
            _compare(client)


def _compare(client: httpx.Client) -> None:
    page = Ask(client, f"/api/v1/patients?per_page={_SIZE}")
    counted = Ask(client, f"/patient-register?per_page={_SIZE}")
    id_ = page().json()["patients"][0]["uuid"]
    patient = Ask(client, f"/api/v1/patients/{id_}")
    for name, path, peer in (
        ("first page", f"Patient?_count={_SIZE}&_total=none", page),
        ("first page with its total", f"Patient?_count={_SIZE}", counted),
        ("one patient", f"Patient/{id_}", patient),
    ):
        compare(name, Ask(client, f"/fhir/{path}"), peer, rounds=_ROUNDS)


class Ask:
    """A call that is made again and again."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client = client
        self._path = path

    def __call__(self) -> httpx.Response:
        """Make the call, and return its answer."""
        return self._client.get(self._path).raise_for_status()


if __name__ == "__main__":
    main()
