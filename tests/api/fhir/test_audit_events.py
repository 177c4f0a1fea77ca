"""AuditEvents, read and searched by administrators' programs."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.postgres import SYSTEM
from services.audit import chain
from services.core.actors import Role
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import ids_of, link_of, program
from tests.api.fhir.oracles import validate


@pytest.fixture
def ship(application, module_log):
    """Ships the events recorded so far to the log."""

    def carry() -> None:
        while application.database.write(
            lambda session: chain.ship(session, module_log), identity=SYSTEM
        ).value:
            pass

    return carry


@pytest.fixture
def looked_at(client, ada, ship) -> dict[str, Any]:
    """Ada, whose record was registered, read three times, and listed."""
    for _ in range(3):
        client.get(f"/api/v1/patients/{ada['uuid']}")
    client.get("/fhir/Patient", params={"_id": ada["uuid"]})
    ship()
    return ada


def _search(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/fhir/AuditEvent", params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    validate(bundle)
    for entry in bundle.get("entry", ()):
        validate(entry["resource"])
    return bundle


def _actions(bundle: dict[str, Any]) -> list[str]:
    return [
        entry["resource"]["subtype"][0]["code"] for entry in bundle.get("entry", ())
    ]


def test_what_was_done_to_a_patient_is_found_the_newest_first(admin, looked_at):
    about = f"Patient/{looked_at['uuid']}"

    bundle = _search(admin, entity=about)

    reads = ["patient:read"] * 3
    assert _actions(bundle) == ["patient:list", *reads, "patient:register"]
    assert bundle["total"] == 5
    assert ids_of(_search(admin, patient=about, _sort="date")) == ids_of(bundle)[::-1]
    assert _actions(_search(admin, entity=about, action="R", subtype="patient:read"))
    assert _actions(_search(admin, entity=about, action="C")) == ["patient:register"]
    assert _actions(_search(admin, entity=about, type="110112")) == ["patient:list"]
    assert _search(admin, entity=about, action="D")["total"] == 0
    assert _search(admin, entity=f"Patient/{uuid4()}")["total"] == 0


def test_no_event_says_who_the_patient_is_or_what_was_looked_for(
    admin, client, ada, ship
):
    client.get("/fhir/Patient", params={"family": "Lovelace", "birthdate": "1980"})
    body = {name: ada[name] for name in ("first_name", "last_name", "date_of_birth")}
    body |= {"email": ada["email"], "address": "2 Quay Street", "allergies": ["Latex"]}
    client.put(f"/api/v1/patients/{ada['uuid']}", body, headers={"If-Match": '"1"'})
    ship()

    answer = admin.get("/fhir/AuditEvent", params={"patient": ada["uuid"]})

    assert {"patient:list", "patient:change"} <= set(_actions(answer.json()))
    for said in (
        "Lovelace",
        "1980-05-17",
        "Quay Street",
        "Latex",
        ada["email"],
        "Penicil",
    ):
        assert said not in answer.text
    assert "address" in answer.text


def test_pages_follow_each_other_either_way_and_tell_the_total(admin, looked_at):
    for sort in ("-date", "date"):
        whole = ids_of(_search(admin, patient=looked_at["uuid"], _sort=sort))
        bundle = _search(admin, patient=looked_at["uuid"], _sort=sort, _count=2)
        seen = ids_of(bundle)
        while link := link_of(bundle, "next"):
            assert looked_at["uuid"] not in link
            bundle = admin.get(link).json()
            assert bundle["total"] == len(whole)
            seen += ids_of(bundle)

        assert seen == whole


def test_one_event_is_read_by_its_id_and_known_by_its_tag(admin, looked_at):
    [entry, *_] = _search(admin, patient=looked_at["uuid"])["entry"]
    path = f"/fhir/AuditEvent/{entry['resource']['id']}"

    answer = admin.get(path)

    assert answer.json() == entry["resource"]
    assert answer.headers["ETag"] == 'W/"1"'
    known = {"If-None-Match": 'W/"1"'}
    assert admin.get(path, headers=known).status_code == 304
    assert admin.get(f"/fhir/AuditEvent/{uuid4()}").status_code == 404
    assert admin.get("/fhir/AuditEvent/Ada").status_code == 404
    both = _search(admin, _id=f"{entry['resource']['id']},{uuid4()}")
    assert ids_of(both) == [entry["resource"]["id"]]


def test_events_are_found_by_who_when_and_how_it_ended(admin, as_role, looked_at, ship):
    assert as_role(Role.ADMIN).get(f"/fhir/Patient/{looked_at['uuid']}").is_error
    ship()
    [refused] = _search(admin, patient=looked_at["uuid"], outcome="4")["entry"]
    event = refused["resource"]
    agent = event["agent"][0]
    who = agent["who"]["identifier"]["value"]

    assert agent["role"][0]["text"] == "admin"
    assert event["type"]["code"] == "110113"
    assert UUID(who)
    parameters = {"patient": looked_at["uuid"], "outcome": "4"}
    at, kept_at = event["recorded"], event["meta"]["lastUpdated"]
    for narrower, count in (
        ({"agent": who}, 1),
        ({"agent": str(uuid4())}, 0),
        ({"date": at}, 1),
        ({"date": [f"ge{at}", f"le{at}"]}, 1),
        ({"date": f"gt{at}"}, 0),
        ({"_lastUpdated": f"ge{kept_at}"}, 1),
        ({"_lastUpdated": f"gt{kept_at}"}, 0),
    ):
        assert _search(admin, **parameters, **narrower)["total"] == count, narrower


def test_only_administrators_with_the_scope_read_the_log(
    application, as_role, looked_at
):
    refused = [
        *(as_role(role) for role in Role if role is not Role.ADMIN),
        program(application, Role.ADMIN, "people:manage"),
    ]
    for client in refused:
        for parameters in ({"patient": looked_at["uuid"]}, {"type": "none"}):
            answer = client.get("/fhir/AuditEvent", params=parameters)
            assert answer.status_code == 403
            validate(answer.json())
    allowed = program(application, Role.ADMIN, "audit:read")
    assert _search(allowed, patient=looked_at["uuid"])["total"] == 5


def test_who_read_the_log_is_in_the_log(admin, looked_at, ship):
    before = _search(admin, subtype="audit:read", _count=0)["total"]
    ship()

    bundle = _search(admin, subtype="audit:read", _count=1)

    # A count, and because no entries were requested, an empty page.
    assert bundle["total"] == before + 2
    assert bundle["entry"][0]["resource"]["agent"][0]["role"][0]["text"] == "admin"
