"""Fifty clients on lists, bookings and uploads: our API compared with a bare one.

    python -m benchmarks.api_calls [--clients N] [--seconds S] [--rounds R]

Ours is one web process as the product starts it: it knows callers by their token,
checks every right and rule, writes the audit log, and inspects, encrypts and seals each
file. The peer is FastAPI with psycopg2 and pymongo in one uvicorn process, with the
same SELECT, and with only the INSERTs and the file; see `bare_app`. Both have fifteen
connections, wait for a quorum at each commit, and take turns. The bars are 0.6 times
the peer's throughput, and 3 times its slowest hundredth.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import httpx
import numpy as np

from benchmarks.crowd.letters import letter
from benchmarks.fresh import endpoints
from benchmarks.holds import Wish, fill_with_slots
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from db.postgres.connections.batching import BatchedCursor
from services.core.actors import Actor, Role
from services.lists.criteria import Criteria
from services.patients import search
from services.people import tokens
from tests.browser.running import chartroom, free_port, process
from tests.conftest import owner

_CLERK: Final = Actor(UUID(int=1), "Cleo Clerk", Role.STAFF)
_NO_LIMIT: Final = "10000000"
_PAGE: Final = 10
_WARM_UP_SECONDS: Final = 2.0
_LEAST_SHARE, _MOST_TIMES = 0.6, 3.0

# A client's token, and the slot and patient that it may use up.
Call = Callable[[httpx.AsyncClient, str, Iterator[Wish]], Any]


@dataclass(frozen=True, slots=True)
class Round:
    """What all clients did together in one round of one kind of call."""

    calls_a_second: float
    slowest_hundredth: float


@dataclass(frozen=True, slots=True)
class App:
    """An API: its address, and how each kind of call is made there."""

    address: str
    calls: Mapping[str, Call]


def main() -> None:
    """Print a line of throughput and one of latency for each kind of call."""
    wanted = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fresh = stack.enter_context(endpoints())
        with closing(Database(fresh)) as database:
            wishes = iter(fill_with_slots(database))
            known = [_token(database, number) for number in range(wanted.clients)]
            statement = _list_statement(database)
        ours = chartroom(fresh, folder, is_cold=True, api_calls_per_minute=_NO_LIMIT)
        apps = {
            "ours": App(stack.enter_context(ours), _OUR_CALLS),
            "peer": App(stack.enter_context(_bare(fresh, folder, statement)), _BARE),
        }
        for kind in _OUR_CALLS:
            asyncio.run(_compare(kind, apps, known, wishes, wanted))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_calls")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _token(database: Database, number: int) -> str:
    return database.write(
        lambda session: tokens.issue(
            session,
            Role.STAFF,
            name=f"Client {number}",
            scopes=None,
            lifetime=timedelta(days=1),
            patient_id=None,
            console=_CLERK,
        ),
        identity=SYSTEM,
    ).value


def _list_statement(database: Database) -> str:
    """Return the statement with which ours reads a page of patients, with values."""
    statements: list[str] = []
    execute = BatchedCursor.execute

    def note(cursor: BatchedCursor, statement: Any, values: Any = None) -> None:
        statements.append(cursor.mogrify(statement, values).decode())
        execute(cursor, statement, values)

    with patch.object(BatchedCursor, "execute", note):
        database.write(
            lambda session: search.list_patients(
                session, _CLERK, Criteria(), size=_PAGE, now=datetime.now(UTC)
            ),
            identity=SYSTEM,
        )
    [statement] = [words for words in statements if "FROM patients" in words]
    return statement


@contextmanager
def _bare(fresh: Endpoints, folder: Path, statement: str) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "benchmarks.api_calls.bare_app:app"]
    command += ["--port", str(port), "--no-access-log"]
    settings = {
        "BARE_DATABASE": owner(fresh),
        "BARE_MONGO": fresh.mongo_url,
        "BARE_LIST": statement,
    }
    with process(command, folder / "bare.log", settings, f"{address}/docs"):
        yield address


async def _compare(
    kind: str,
    apps: Mapping[str, App],
    known: Sequence[str],
    wishes: Iterator[Wish],
    wanted: argparse.Namespace,
) -> None:
    """Let all clients call both apps in turns, and print the results."""
    rounds: dict[str, list[Round]] = {name: [] for name in apps}
    names = list(apps)
    for name in names:
        await _round(apps[name], kind, known, wishes, _WARM_UP_SECONDS)
    for _ in range(wanted.rounds):
        for name in names:
            result = await _round(apps[name], kind, known, wishes, wanted.seconds)
            rounds[name].append(result)
        names.reverse()
    ours, peer = (
        median(result.calls_a_second for result in rounds[name])
        for name in ("ours", "peer")
    )
    print(
        f"{kind}, {len(known)} clients: ours {ours:,.0f}/s, peer {peer:,.0f}/s, "
        f"ratio {ours / peer:.2f} (bar: {_LEAST_SHARE})",
        flush=True,
    )
    ours, peer = (
        median(result.slowest_hundredth for result in rounds[name])
        for name in ("ours", "peer")
    )
    print(
        f"{kind}, 99 % within: ours {1000 * ours:,.0f} ms, peer {1000 * peer:,.0f} ms, "
        f"ratio {ours / peer:.2f} (bar: {_MOST_TIMES:g})",
        flush=True,
    )


async def _round(
    app: App, kind: str, known: Sequence[str], wishes: Iterator[Wish], seconds: float
) -> Round:
    waits: list[float] = []
    call = app.calls[kind]

    async def work(token: str) -> None:
        async with httpx.AsyncClient(base_url=app.address, timeout=60) as client:
            while perf_counter() < until:
                begun = perf_counter()
                answer: httpx.Response = await call(client, token, wishes)
                answer.raise_for_status()
                waits.append(perf_counter() - begun)

    begun = perf_counter()
    until = begun + seconds
    await asyncio.gather(*(work(token) for token in known))
    return Round(len(waits) / (perf_counter() - begun), float(np.percentile(waits, 99)))


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _our_list(
    client: httpx.AsyncClient, token: str, _: Iterator[Wish]
) -> httpx.Response:
    path = f"/api/v1/patients?per_page={_PAGE}"
    return await client.get(path, headers=_bearing(token))


async def _our_booking(
    client: httpx.AsyncClient, token: str, wishes: Iterator[Wish]
) -> httpx.Response:
    wish = _named(next(wishes))
    return await client.post("/api/bookings", json=wish, headers=_bearing(token))


async def _our_upload(
    client: httpx.AsyncClient, token: str, _: Iterator[Wish]
) -> httpx.Response:
    path = "/api/documents/upload"
    return await client.post(path, files=_letter(), headers=_bearing(token))


async def _bare_list(
    client: httpx.AsyncClient, _token: str, _: Iterator[Wish]
) -> httpx.Response:
    return await client.get("/patients")


async def _bare_booking(
    client: httpx.AsyncClient, _token: str, wishes: Iterator[Wish]
) -> httpx.Response:
    return await client.post("/bookings", json=_named(next(wishes)))


async def _bare_upload(
    client: httpx.AsyncClient, _token: str, _: Iterator[Wish]
) -> httpx.Response:
    return await client.post("/documents", files=_letter())


def _named(wish: Wish) -> dict[str, str]:
    slot_id, patient_id = wish
    return {"slot_id": str(slot_id), "patient_id": str(patient_id)}


def _letter() -> dict[str, tuple[str, bytes, str]]:
    return {"file": (*letter(), "application/pdf")}


_OUR_CALLS: Final[Mapping[str, Call]] = {
    "list": _our_list,
    "booking": _our_booking,
    "upload": _our_upload,
}
_BARE: Final[Mapping[str, Call]] = {
    "list": _bare_list,
    "booking": _bare_booking,
    "upload": _bare_upload,
}


if __name__ == "__main__":
    main()
