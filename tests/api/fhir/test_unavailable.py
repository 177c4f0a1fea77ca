"""What other systems are told when PostgreSQL is away, and when they call too often."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from api.application import create_api
from api.core.dependencies import Stores
from api.core.outcomes import FHIR_JSON
from db.endpoints import Endpoints
from db.mongo.limit_storage import LimitStorage
from db.postgres import Database
from services.core.actors import Role
from services.core.throttling import CallLimits, Throttle
from tests.api.fhir.oracles import validate
from tests.api.fhir.serving import serving
from tests.browser.running import free_port
from tests.db.postgres.cutting import CuttingProxy
from tests.kit.waiting import eventually

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARAMETERS = {"resourceType": "Parameters"}
Serve = Callable[[int], httpx.Client]


@pytest.fixture(scope="module")
def proxy(module_endpoints) -> Iterator[CuttingProxy]:
    """The way to PostgreSQL, which can be cut."""
    with CuttingProxy.before(module_endpoints) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def behind(module_endpoints, proxy) -> Endpoints:
    """The addresses of the databases; PostgreSQL's is that of the proxy."""
    place = {"host": "127.0.0.1", "port": str(proxy.port)}
    url = make_dsn(**{**parse_dsn(module_endpoints.database_url), **place})
    return replace(module_endpoints, database_url=url, replica_urls={})


@pytest.fixture(scope="module")
def serve(application, behind, module_files, module_log, papers) -> Iterator[Serve]:
    """Serves the API on what is behind the proxy, with this many calls a minute."""
    with ExitStack() as stack:
        storage = stack.enter_context(closing(LimitStorage(behind.mongo_url)))

        def begin(calls: int) -> httpx.Client:
            database = stack.enter_context(closing(Database(behind, retry_seconds=1)))
            limits = CallLimits(Throttle(storage, key=uuid4().hex), calls)
            given = (database, module_files, module_log, limits, papers)
            now = datetime(2026, 11, 20, 12, tzinfo=UTC)
            api = create_api(Stores(*given, monitor=None, runner=None, now=lambda: now))
            address = stack.enter_context(serving(api, free_port()))
            token = application.tokens[Role.STAFF]
            headers = {"Authorization": f"Bearer {token}"}
            client = httpx.Client(base_url=address, headers=headers, timeout=30)
            return stack.enter_context(client)

        yield begin


def _code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == FHIR_JSON
    validate(answer.json())
    [issue] = answer.json()["issue"]
    code: str = issue["code"]
    return code


def test_while_postgresql_is_away_each_call_is_told_so_and_when_to_try_again(
    serve, proxy
):
    client = serve(1000)
    assert client.get("/fhir/Patient?_count=1").status_code == 200

    proxy.cut(b"", is_forwarded=False, cuts=1_000_000)
    answers = [
        client.get("/fhir/Patient?_count=1"),
        client.get(f"/fhir/Patient/{uuid4()}"),
        client.post("/fhir/Patient/_search", content="family=Roe", headers=FORM),
        client.get("/fhir/Appointment/$hold"),
        client.post("/fhir/Appointment/$hold", json=PARAMETERS),
        client.get("/fhir/Nothing/1"),
    ]
    statement = client.get("/fhir/metadata")
    proxy.cut(b"", is_forwarded=False, cuts=0)

    assert [answer.status_code for answer in answers] == [503] * len(answers)
    assert {_code(answer) for answer in answers} == {"transient"}
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}
    assert statement.status_code == 200
    eventually(
        lambda: client.get("/fhir/Patient?_count=1").status_code == 200, seconds=20
    )


def test_who_asks_too_often_is_told_so_wherever_they_ask(serve):
    client = serve(2)
    for _ in range(2):
        assert client.get("/fhir/Patient?_count=1").status_code == 200

    answers = [
        client.get(f"/fhir/{path}")
        for path in ("Patient?_count=1", "Appointment/$hold", "Nothing/1")
    ]

    assert [answer.status_code for answer in answers] == [429] * len(answers)
    assert {_code(answer) for answer in answers} == {"throttled"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers)
