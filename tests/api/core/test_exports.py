"""A client that reads a list slowly holds nothing that others need."""

from collections.abc import Generator
from contextlib import closing, suppress
from errno import ENOSPC
from pathlib import Path
from threading import Event
from uuid import uuid4

import psycopg2
import pytest
from anyio import to_thread
from anyio.from_thread import start_blocking_portal
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from api.core.exports import ListExports, ListResponse, SealedSpool
from db.postgres import SYSTEM
from services.core.actors import Role
from services.core.errors import InvalidInput, TooOften, Unavailable
from tests.kit.replicas import write_everywhere
from tests.kit.waiting import eventually

LINE = "Lovelace,Ada,1815\n"
PIECES = 200
FULL = Path("/dev/full")
ROSA, MAYA = uuid4(), uuid4()
_OPEN_TRANSACTIONS = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


class Source:
    """A list of many pieces; knows how far it was read, and whether it was released."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self._fails_at = fails_at
        self.read, self.ended = 0, Event()

    def pieces(self) -> Generator[str]:
        try:
            for number in range(PIECES):
                if number == self._fails_at:
                    raise InvalidInput("order", "There is no such order.")
                self.read = number + 1
                yield LINE * 1000
        finally:
            self.ended.set()


@pytest.fixture
def exports() -> ListExports:
    return ListExports(read_at_once=2, per_person=2, wait_seconds=0.2)


def test_a_list_is_sent_as_it_was_read(exports):
    export = exports.begin(ROSA, Source().pieces, mark="\ufeff")

    sent = b"".join(export.spool.read()).decode()
    export.close()

    assert sent == "\ufeff" + LINE * 1000 * PIECES


def test_it_is_read_to_its_end_however_slowly_it_is_fetched(exports):
    source = Source()
    export = exports.begin(ROSA, source.pieces)
    fetched = export.spool.read()

    first = next(fetched)

    assert source.ended.wait(60)
    assert source.read == PIECES
    assert len(first) + sum(map(len, fetched)) == len(LINE) * 1000 * PIECES
    export.close()


def test_what_lies_on_the_disk_says_nothing():
    spool = SealedSpool()

    spool.fill(iter([LINE.encode() * 100]))

    assert b"Lovelace" not in spool._sealed_from(0)
    assert b"".join(spool.read()) == LINE.encode() * 100
    spool.close()


def test_a_refusal_is_told_before_anything_is_sent(exports):
    with pytest.raises(InvalidInput):
        exports.begin(ROSA, Source(fails_at=0).pieces)

    for _ in range(3):
        exports.begin(ROSA, Source().pieces).close()


def test_a_list_that_breaks_off_is_never_whole(exports):
    export = exports.begin(ROSA, Source(fails_at=3).pieces)

    fetched = export.spool.read()

    with pytest.raises(InvalidInput):
        list(fetched)
    export.close()


@pytest.mark.skipif(not FULL.exists(), reason="This system has no disk that is full.")
def test_a_full_disk_breaks_the_list_off():
    spool = SealedSpool()
    spool._file.close()
    with FULL.open("r+b", buffering=0) as spool._file:
        spool.fill(iter([LINE.encode()]))

        with pytest.raises(OSError, match="No space left"):
            list(spool.read())


def test_a_list_that_cannot_be_kept_counts_for_nobody(exports, monkeypatch):
    def without_room(buffering):
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("api.core.exports.TemporaryFile", without_room)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            exports.begin(ROSA, Source().pieces)
    monkeypatch.undo()

    exports.begin(ROSA, Source().pieces).close()


def test_a_person_fetches_so_many_at_once_and_others_are_not_kept_from_it(exports):
    mine = [exports.begin(ROSA, Source().pieces) for _ in range(2)]

    with pytest.raises(TooOften):
        exports.begin(ROSA, Source().pieces)
    exports.begin(MAYA, Source().pieces).close()

    mine[0].close()
    exports.begin(ROSA, Source().pieces).close()
    mine[1].close()


def test_so_many_are_read_at_once_and_the_next_waits_for_its_turn(exports):
    go_on = Event()

    def slow() -> Generator[str]:
        yield LINE
        go_on.wait(60)

    both = [exports.begin(person, slow) for person in (ROSA, MAYA)]

    with pytest.raises(Unavailable):
        exports.begin(ROSA, Source().pieces)
    go_on.set()

    def begins() -> bool:
        try:
            exports.begin(ROSA, Source().pieces).close()
        except Unavailable:
            return False
        return True

    eventually(begins)
    for export in both:
        export.close()


def test_who_goes_away_leaves_nothing_behind(exports):
    source = Source()

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        if message["type"] == "http.response.body":
            raise OSError

    async def fetch():
        response = ListResponse(exports.begin(ROSA, source.pieces), "patients.csv")
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        await response(scope, receive, send)

    with start_blocking_portal() as portal:
        for _ in range(5):
            with suppress(OSError, ClientDisconnect):
                portal.call(fetch)

    assert source.ended.wait(60)


def _add_many(session):
    session.execute(
        text(
            "INSERT INTO patients (first_name, last_name, date_of_birth, address) "
            "SELECT 'Crowd', 'Number ' || n, '1980-01-01', repeat('x', 100) "
            "FROM generate_series(1, 40000) AS n"
        )
    )


def test_a_slow_reader_of_all_patients_keeps_no_connection(
    application, module_endpoints
):
    write_everywhere(application.database, _add_many, identity=SYSTEM)
    token = application.tokens[Role.STAFF]
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"host", b"127.0.0.1")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "scheme": "http",
        "path": "/files/patients.csv",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8501),
    }
    came, go_on = Event(), Event()
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message.get("body", b""))
        if sent[-1] and not came.is_set():
            came.set()
            # Like a full socket: the client reads slowly.
            await to_thread.run_sync(go_on.wait)

    def reading() -> int:
        """Count the open transactions on all servers."""
        urls = {module_endpoints.database_url, *module_endpoints.replica_urls.values()}
        number = 0
        for url in urls:
            with closing(psycopg2.connect(url)) as line, line.cursor() as cursor:
                cursor.execute(_OPEN_TRANSACTIONS)
                number += cursor.fetchone()[0]
        return number

    with start_blocking_portal() as portal:
        fetching = portal.start_task_soon(application.app, scope, receive, send)
        assert came.wait(60)
        eventually(reading, lambda number: number == 0)
        go_on.set()
        fetching.result()

    assert b"".join(sent).count(b"\n") > 40000
