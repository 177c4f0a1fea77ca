"""Connected systems export what their scopes open, for the registered purpose."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import select

from api.fhir.table import BULK_SOURCES
from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from jobs.fhir import exporting as exporting_job
from jobs.fhir.expiring import expire
from jobs.fhir.exporting import BulkExporter
from services.core.actors import Role
from services.fhir.bulk_exports.model import BulkSource
from services.people import connected_systems
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.exports import NOON, ask, fetch, ids_in, stored
from tests.kit.backend_services import BackendService, connect
from tests.kit.waiting import eventually
from tests.services.people.people_samples import desk

pytestmark = pytest.mark.usefixtures("no_exports")

PURPOSE = "Nightly copy into the research database"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def system(application) -> BackendService:
    """A system that reads patients and allergies, and exports them."""
    types = ("Patient", "AllergyIntolerance")
    return connect(application.database, *types, export_purpose=PURPOSE)


@pytest.fixture
def sign_in(application, stranger) -> Iterator[Callable[..., Client]]:
    """Makes a system request a token with a signature; returns a client that has it."""
    opened: list[Client] = []

    def make(system: BackendService, scope: str = "system/*.rs") -> Client:
        answer = system.ask(stranger, scope)
        assert answer.status_code == 200, answer.text
        opened.append(Client(application.app, answer.json()["access_token"]))
        opened[-1]._position.lsn = NEWEST["X-Chartroom-LSN"]
        return opened[-1]

    yield make
    for client in opened:
        client.close()


def change_by_administrator(application, change) -> None:
    """Change connected systems as an administrator who has just used a passkey."""
    boss = application.database.write(desk, identity=SYSTEM).value
    application.database.write(
        lambda session: change(session, boss.actor, **boss.fresh),
        identity=boss.actor.database_identity,
    )


def switch_off(application, system: BackendService) -> None:
    change_by_administrator(
        application,
        lambda session, actor, **_: connected_systems.switch_off(
            session, actor, system.id
        ),
    )


def test_a_system_exports_from_its_registration_to_the_last_line(
    application, system, sign_in, exporter, register
):
    patient = register(allergies=["Latex"])
    client = sign_in(system)

    # No header gives a reason: a machine has the one that was registered for it.
    status = ask(client, headers=ASYNC)
    exporter.look()
    exported = fetch(sign_in(system), status)

    assert exported.keys() == {"Patient", "AllergyIntolerance"}
    assert patient["uuid"] in ids_in(exported["Patient"])
    assert b"Latex" in b"".join(exported["AllergyIntolerance"])

    def events(session):
        of_system = select(AuditEvent).where(
            AuditEvent.actor_id == system.id, AuditEvent.action.startswith("export:")
        )
        return [(e.action, e.reason) for e in session.scalars(of_system)]

    written = application.database.write(events, identity=SYSTEM).value
    assert ("export:begin", PURPOSE) in written
    assert ("export:make", PURPOSE) in written
    assert ("export:download", None) in written


@pytest.mark.parametrize(
    ("path", "method", "wanted"),
    [
        ("/fhir/$export", "GET", 202),
        ("/fhir/Patient/$export", "POST", 202),
        # It was granted no group: see test_groups_of_systems.py.
        (f"/fhir/Group/{'0' * 8}-0000-0000-0000-{'0' * 12}/$export", "GET", 404),
    ],
)
def test_each_way_to_ask_is_open(system, sign_in, path, method, wanted):
    client = sign_in(system)
    sent = {"json": {"resourceType": "Parameters"}} if method == "POST" else {}

    assert client.ask(method, path, headers=ASYNC, **sent).status_code == wanted


def test_each_type_is_exported_by_its_own_scope(system, sign_in, exporter):
    patients = sign_in(system, "system/Patient.rs system/AllergyIntolerance.r")
    allergies = sign_in(system, "system/AllergyIntolerance.rs")
    export = partial(patients.get, "/fhir/$export", headers=ASYNC)
    status = ask(patients, headers=ASYNC)
    exporter.look()

    # Allergies are read with the same scope of our own as patients.
    answer = export(params={"_type": "Patient,AllergyIntolerance"})
    notes = export(params={"_type": "Condition"})
    files = patients.get(status).json()["output"]

    assert answer.status_code == 403
    assert "AllergyIntolerance.rs" in answer.json()["issue"][0]["diagnostics"]
    challenge = 'error="insufficient_scope", scope="system/AllergyIntolerance.rs"'
    assert answer.headers["WWW-Authenticate"].endswith(challenge)
    assert 'scope="system/Condition.rs"' in notes.headers["WWW-Authenticate"]
    assert [file["type"] for file in files] == ["Patient"]
    assert patients.get(f"{status}/1").status_code == 200
    assert allergies.get(f"{status}/1").status_code == 403


@pytest.mark.parametrize("scope", ["system/*.r", "system/*.s"])
def test_reading_or_searching_alone_exports_nothing(system, sign_in, scope):
    client = sign_in(system, scope)

    refused = [
        client.ask("GET", "/fhir/$export", headers=ASYNC),
        client.ask("GET", "/fhir/Patient/$export", headers=ASYNC),
        client.ask("GET", f"/fhir/$export/{system.id}"),
        client.ask("GET", f"/fhir/$export/{system.id}/1"),
        client.ask("DELETE", f"/fhir/$export/{system.id}"),
    ]

    assert [answer.status_code for answer in refused] == [403] * 5
    assert "system/*.rs" in refused[0].json()["issue"][0]["diagnostics"]
    assert 'scope="system/*.rs"' in refused[0].headers["WWW-Authenticate"]


def test_a_system_without_a_purpose_exports_nothing(application, sign_in):
    client = sign_in(connect(application.database, "Patient"))

    headers = ASYNC | {"X-Chartroom-Reason": "It says one by itself"}
    refused = client.get("/fhir/$export", headers=headers)

    assert refused.status_code == 403
    assert refused.json()["issue"][0]["diagnostics"] == (
        "This system may not export anything. An administrator sets what it may "
        "export on the page Connected systems."
    )
    assert client.get("/fhir/Patient").status_code == 200


def test_only_the_system_that_asked_has_its_export(
    application, as_role, system, sign_in, exporter
):
    client = sign_in(system)
    status = ask(client, headers=ASYNC)
    exporter.look()
    other = sign_in(connect(application.database, "Patient", export_purpose=PURPOSE))

    answers = [
        program.ask(method, path)
        for program in (other, as_role(Role.STAFF))
        for method, path in (
            ("GET", status),
            ("GET", f"{status}/1"),
            ("DELETE", status),
        )
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert client.delete(status).status_code == 202


def test_what_a_switched_off_system_exports_is_stopped(
    application, module_files, monkeypatch, system, sign_in
):
    ask(sign_in(system), headers=ASYNC)
    monkeypatch.setattr(exporting_job, "_TELL_EVERY_SECONDS", -1.0)
    allergies = BULK_SOURCES["AllergyIntolerance"]

    def read(session, actor, selection):
        switch_off(application, system)
        yield from allergies.read(session, actor, selection)

    BulkExporter(
        application.database,
        module_files,
        lambda: {
            **BULK_SOURCES,
            "AllergyIntolerance": BulkSource(allergies.permission_of, read),
        },
        lambda: NOON,
    ).look()

    assert stored(module_files) == []


def test_what_a_switched_off_system_has_exported_nobody_reads(
    application, module_files, system, sign_in, exporter
):
    client = sign_in(system)
    status = ask(client, headers=ASYNC)
    exporter.look()

    switch_off(application, system)
    eventually(lambda: client.get(f"{status}/1").status_code == 401)
    change_by_administrator(
        application,
        lambda session, actor, **fresh: connected_systems.switch_on(
            session, actor, system.id, **fresh
        ),
    )
    back = sign_in(system)

    # A system that is let in again gets no exports from before.
    assert back.get(status).status_code == 404
    assert back.get(f"{status}/1").status_code == 404
    expire(application.database, module_files, datetime.now(UTC))
    assert stored(module_files) == []


def test_a_purpose_that_is_taken_away_ends_what_was_exported_for_it(
    application, system, sign_in, exporter
):
    client = sign_in(system)
    status = ask(client, headers=ASYNC)
    exporter.look()

    change_by_administrator(
        application,
        lambda session, actor, **fresh: connected_systems.change(
            session,
            actor,
            system.id,
            system_keys=None,
            resource_types=["Patient", "AllergyIntolerance"],
            export_purpose="",
            **fresh,
        ),
    )
    eventually(lambda: client.get(status).status_code == 401)

    assert sign_in(system).get(status).status_code == 403


def test_a_system_with_an_analysts_role_has_names_for_its_purpose(
    application, sign_in, exporter, ada
):
    system = connect(
        application.database, "Patient", role=Role.ANALYST, export_purpose=PURPOSE
    )
    client = sign_in(system)
    status = ask(client, headers=ASYNC)
    exporter.look()

    lines = fetch(client, status)["Patient"]

    [line] = [resource for resource in lines if ada["uuid"].encode() in resource]
    assert json.loads(line)["name"][0]["family"] == ada["last_name"]


def test_it_is_said_what_opens_an_export(stranger):
    smart = stranger.get("/fhir/.well-known/smart-configuration").json()
    [rest] = stranger.get("/fhir/metadata").json()["rest"]

    assert "system/*.rs" in smart["scopes_supported"]
    assert {f"system/{kind}.rs" for kind in BULK_SOURCES} <= {
        *smart["scopes_supported"]
    }
    assert "system/*.rs" in rest["security"]["description"]
