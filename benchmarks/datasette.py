"""The API's lists against Datasette's, both over HTTP, on the same million patients.

Run as `python -m benchmarks.datasette`. Datasette reads a SQLite file with the same
rows and indexes, with its default settings, except that it may take as long as it
needs. Both answer as JSON with the number of all rows found.
"""

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import httpx
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class

from benchmarks import dataset
from benchmarks.measure import compare

SQLITE = dataset.DATA / "million.sqlite"
_COLUMNS = (
    "id, first_name, last_name, date_of_birth, sex, email, phone_number, address, "
    "emergency_contact, allergies, medical_history, current_medications, created_at, "
    "updated_at, first_name_key, last_name_key, name_key"
)
_INDEXES = (
    "last_name_key, first_name_key, id",
    "date_of_birth, id",
    "created_at, id",
    "updated_at, id",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One list, as each of the two is asked for it."""

    name: str
    ours: str
    theirs: str


CASES = (
    Case("everybody by name", "", "_sort=last_name_key"),
    Case(
        "before L, youngest first",
        "0_field=last_name&0_operator=LESS_THAN&0_value=L"
        "&orderBy=date_of_birth&order=DESC",
        "last_name_key__lt=l&_sort_desc=date_of_birth",
    ),
    Case(
        "allergic to penicillin, born after 1980, by name",
        "0_field=allergies&0_operator=HAS&0_value=penicillin"
        "&1_field=date_of_birth&1_operator=GREATER_THAN&1_value=1980-01-01"
        "&orderBy=last_name",
        "allergies__arraycontains=Penicillin&date_of_birth__gt=1980-01-01"
        "&_sort=last_name_key",
    ),
    Case(
        "women before 1961, last changed first",
        "0_field=sex&0_operator=EQUAL&0_value=female"
        "&1_field=date_of_birth&1_operator=LESS_THAN&1_value=1961-01-01"
        "&orderBy=updated_at&order=DESC",
        "sex=female&date_of_birth__lt=1961-01-01&_sort_desc=updated_at",
    ),
    Case(
        "names with “ann”, by day of birth",
        "0_field=first_name&0_operator=CONTAINS&0_value=ann&orderBy=date_of_birth",
        "first_name_key__contains=ann&_sort=date_of_birth",
    ),
)


def main() -> list[float]:
    """Print a line for each list; a ratio above 0.1 is a defect."""
    with dataset.kept() as million:
        if not SQLITE.exists():
            with million.side_by_side() as (_, raw):
                _copy(raw, SQLITE)
        path = f"/{SQLITE.stem}/patients.json?_shape=objects&_size=20&"
        with chartroom("staff") as ours, datasette(SQLITE) as theirs:
            return [
                _compare(
                    case,
                    partial(_get, ours, "/patient-register?per_page=20&"),
                    partial(_get, theirs, path),
                )
                for case in CASES
            ]


Ask = Callable[[str], dict[str, Any]]


def _get(client: httpx.Client, path: str, query: str) -> dict[str, Any]:
    return answered(client.get(path + query))


def answered(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON of an answer that is not a refusal."""
    answer: dict[str, Any] = response.raise_for_status().json()
    return answer


def _compare(case: Case, ours: Ask, theirs: Ask) -> float:
    rows, expected = ours(case.ours)["data"], theirs(case.theirs)["rows"]
    if not rows or len(rows) != len(expected):
        raise RuntimeError(f"{case.name}: the lists differ, nothing was compared.")
    return compare(
        f"api: {case.name}",
        lambda: ours(case.ours),
        lambda: theirs(case.theirs),
        rounds=10,
    )


@contextmanager
def chartroom(role: str) -> Iterator[httpx.Client]:
    """Serve the API of the data folder; the client has a token with the role."""
    command = [sys.executable, "-m", "dashboard"]
    data = ["--data", str(dataset.DATA)]
    printed = subprocess.run(
        [*command, "token", "--role", role, *data],
        check=True,
        capture_output=True,
        text=True,
    )
    headers = {"Authorization": f"Bearer {printed.stdout.splitlines()[-1]}"}
    port = _free_port()
    web = [*command, "web", *data, "--port", str(port)]
    with _serving(web, f"http://127.0.0.1:{port}", headers) as client:
        yield client


@contextmanager
def datasette(path: Path) -> Iterator[httpx.Client]:
    """Serve a SQLite file, whose queries may take a minute."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "datasette", "serve", str(path)),
        *("--port", str(port), "--setting", "sql_time_limit_ms", "60000"),
    ]
    with _serving(command, f"http://127.0.0.1:{port}", {}) as client:
        yield client


@contextmanager
def _serving(
    command: list[str], address: str, headers: dict[str, str]
) -> Iterator[httpx.Client]:
    silent = subprocess.DEVNULL
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=silent, stderr=silent
    )
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            _await(client)
            yield client
    finally:
        server.terminate()
        server.wait()


def _await(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            client.get("/")
        except httpx.TransportError:
            sleep(0.1)
        else:
            return
    raise RuntimeError("A server did not start.")


def _copy(raw: DriverConnection, path: Path) -> None:
    """Copy the patients into SQLite; Datasette keeps lists as JSON."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as lite, raw.cursor("all") as rows:
        rows.itersize = 10_000
        rows.execute(f"SELECT {_COLUMNS} FROM patients WHERE deleted_at IS NULL")
        lite.execute(f"CREATE TABLE patients ({_COLUMNS}, PRIMARY KEY (id))")
        marks = ", ".join("?" * len(_COLUMNS.split(",")))
        lite.executemany(
            f"INSERT INTO patients VALUES ({marks})",
            (tuple(map(_plain, row)) for row in rows),
        )
        for index in _INDEXES:
            name = index.split(",")[0]
            lite.execute(f"CREATE INDEX patients_by_{name} ON patients ({index})")
        lite.execute("ANALYZE")
        lite.commit()
    unfinished.rename(path)


def _plain(value: object) -> object:
    if isinstance(value, list):
        return json.dumps(value)
    return value if value is None else str(value)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
