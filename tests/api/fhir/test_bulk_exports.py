"""Everything at once: requested by FHIR, made by the worker, fetched as files."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from pymongo import MongoClient
from sqlalchemy import func, select, update

from api.fhir.table import BULK_SOURCES
from db.files.gridfs import Bucket, FileStoreUnavailable
from db.models.audit import AuditEvent
from db.models.care import BulkExport
from db.models.view import SavedView, StoredCriteria
from db.postgres import SYSTEM
from jobs.fhir import exporting as exporting_job
from jobs.fhir.expiring import expire
from jobs.fhir.exporting import BulkExporter
from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.core.actors import Role
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import MOST_KEPT, MOST_UNDER_WAY, BulkSource
from services.lists import criteria, views
from services.lists.criteria import Criteria, Filter, Group, Json, Operator
from services.lists.subjects import Subject
from services.patients.search.fields import PATIENTS
from services.people.tokens import bearers
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import ids_of, program
from tests.api.fhir.exports import ASKING, NOON, REASON, ask, fetch, ids_in, stored
from tests.api.fhir.oracles import validate
from tests.kit.replicas import await_everywhere

pytestmark = pytest.mark.usefixtures("no_exports")


def events_of(application, action: str) -> list[Any]:
    about = (
        select(AuditEvent.reason, AuditEvent.details)
        .where(AuditEvent.action == action)
        .order_by(AuditEvent.position)
    )
    return application.database.write(
        lambda session: session.execute(about).all(), identity=SYSTEM
    ).value


def test_an_export_is_asked_for_made_and_fetched(
    as_role, application, exporter, paper, visits
):
    client, ada = as_role(Role.STAFF), paper["patient_id"]
    status = ask(client)

    waiting = client.get(status)
    exporter.look()
    made = client.get(status)
    manifest = made.json()
    exported = fetch(client, status)

    assert waiting.status_code == 202
    assert (waiting.headers["X-Progress"], waiting.headers["Retry-After"]) == (
        "waiting",
        "5",
    )
    assert made.headers["content-type"] == "application/json"
    assert made.headers["Expires"].endswith("GMT")
    assert manifest["request"] == "http://127.0.0.1:8501/fhir/$export"
    assert manifest["requiresAccessToken"] is True
    assert datetime.fromisoformat(manifest["transactionTime"]) < datetime.now(UTC)
    assert ada in ids_in(exported["Patient"])
    assert paper["id"] in ids_in(exported["DocumentReference"])
    assert set(visits["ids"]) <= ids_in(exported["Appointment"])
    # The front desk reads no notes.
    assert exported.keys().isdisjoint({"Condition", "Observation"})
    for lines in exported.values():
        validate(json.loads(lines[0]))
    begun, made_event = events_of(application, "export:begin")[-1], REASON
    assert begun.reason == made_event
    assert "Patient" in begun.details["types"]
    counted = events_of(application, "export:make")[-1].details["resources"]
    assert counted["Patient"] == len(exported["Patient"])
    assert events_of(application, "export:download")


@pytest.mark.usefixtures("ada", "paper", "visits")
def test_resources_are_those_of_a_search_byte_for_byte(as_role, exporter, consultation):
    clinician = as_role(Role.CLINICIAN)
    status = ask(clinician)
    exporter.look()

    exported = fetch(clinician, status)

    whose = f"patient={consultation.patient_id}"
    queries = {
        "Patient": f"_id={consultation.patient_id}",
        **dict.fromkeys(
            (
                "AllergyIntolerance",
                "Condition",
                "Observation",
                "MedicationRequest",
                "Encounter",
                "Appointment",
            ),
            whose,
        ),
        "Practitioner": "_count=500",
        "PractitionerRole": "_count=500",
        "DocumentReference": "_count=500",
    }
    assert queries.keys() == BULK_SOURCES.keys()
    compared = 0
    for kind, query in queries.items():
        searched = clinician.get(f"/fhir/{kind}?{query}")
        ids = set(ids_of(searched.json()))
        lines = [
            exported_line
            for exported_line in exported.get(kind, ())
            if json.loads(exported_line)["id"] in ids
        ]
        assert len(lines) == len(ids), kind
        for line in lines:
            assert b'"resource":' + line + b"," in searched.content
        compared += bool(lines)
    # All types but documents and allergies, of which this patient has none.
    assert compared >= len(queries) - 2


def test_an_analyst_has_names_for_the_reason_and_nothing_else(
    as_role, exporter, ada, consultation
):
    status = ask(as_role(Role.ANALYST))
    exporter.look()

    exported = fetch(as_role(Role.ANALYST), status)

    assert exported.keys() == {
        "Patient",
        "AllergyIntolerance",
        "Practitioner",
        "PractitionerRole",
    }
    [line] = [
        resource for resource in exported["Patient"] if ada["uuid"].encode() in resource
    ]
    assert json.loads(line)["name"][0]["family"] == ada["last_name"]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ADMIN])
def test_who_exports_no_lists_exports_nothing(as_role, role):
    assert as_role(role).get("/fhir/$export", headers=ASKING).status_code == 403


def test_a_token_needs_the_scopes(application, exporter):
    reading = program(application, Role.STAFF, "patients:read")
    exporting = program(application, Role.STAFF, "patients:read", "patients:export")
    both = {"_type": "Patient,Encounter"}

    refused = reading.get("/fhir/$export", headers=ASKING)
    half = exporting.get("/fhir/$export", params=both, headers=ASKING)
    status = ask(exporting)
    exporter.look()

    assert (refused.status_code, half.status_code) == (403, 403)
    assert set(fetch(exporting, status)) <= {"Patient", "AllergyIntolerance"}
    for caller in (reading, exporting):
        caller.close()


@pytest.mark.parametrize(
    ("parameters", "headers", "said"),
    [
        ({}, {"Prefer": ""}, "respond-async"),
        ({}, {"X-Chartroom-Reason": ""}, "what the export is for"),
        ({}, {"X-Chartroom-Reason": "short"}, "at least 10 characters"),
        ({"_typeFilter": "Patient?x"}, {}, '"_typeFilter"'),
        ({"_type": "Patient,Claim"}, {}, "_type must be one of"),
        ({"_type": "Practitioner", "level": "Patient"}, {}, "not about patients"),
        ({"_since": "2026-11-20"}, {}, "with a time zone"),
        ({"_since": "yesterday"}, {}, "with a time zone"),
        ({"_outputFormat": "text/csv"}, {}, "application/fhir+ndjson"),
    ],
)
def test_what_cannot_be_exported_is_refused(client, parameters, headers, said):
    level = parameters.get("level")
    path = f"/fhir/{level}/$export" if level else "/fhir/$export"
    query = {name: value for name, value in parameters.items() if name != "level"}

    answer = client.get(path, params=query, headers=ASKING | headers)

    assert answer.status_code == 400
    assert said in answer.json()["issue"][0]["diagnostics"]


def test_who_is_lenient_is_told_what_was_passed_over(client, exporter):
    parameters = {"_type": "Patient,Claim", "_elements": "id"}
    lenient = ASKING | {"Prefer": "respond-async, handling=lenient"}

    answer = client.get("/fhir/$export", params=parameters, headers=lenient)
    status = urlsplit(answer.headers["Content-Location"]).path
    exporter.look()
    exported = fetch(client, status)

    assert exported.keys() == {"Patient", "OperationOutcome"}
    assert [file["type"] for file in client.get(status).json()["error"]] == [
        "OperationOutcome"
    ]
    issues = b"".join(exported["OperationOutcome"])
    assert b"_elements" in issues
    assert b"_type=Claim" in issues


def test_parameters_may_be_posted(client, exporter):
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueString": "Patient"},
            {"name": "_since", "valueInstant": "2026-11-20T10:00:00Z"},
            {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
        ],
    }

    answer = client.post("/fhir/Patient/$export", sent, headers=ASKING)
    exporter.look()
    status = urlsplit(answer.headers["Content-Location"]).path

    assert answer.status_code == 202
    assert fetch(client, status).keys() == {"Patient"}
    assert "_type=Patient" in client.get(status).json()["request"]


def test_only_what_changed_since_comes(client, exporter, ada, register):
    later = register()
    since = client.get(f"/fhir/Patient/{later['uuid']}").json()["meta"]["lastUpdated"]
    newest = register()

    status = ask(client, "/fhir/Patient/$export", _since=since, _type="Patient")
    exporter.look()

    ids = ids_in(fetch(client, status)["Patient"])
    assert newest["uuid"] in ids
    assert ids.isdisjoint({ada["uuid"], later["uuid"]})


def test_archived_patients_come_as_inactive(client, exporter, ada):
    gone = client.delete(f"/api/v1/patients/{ada['uuid']}", headers={"If-Match": '"1"'})
    assert gone.is_success
    status = ask(client, _type="Patient")
    exporter.look()

    patients = fetch(client, status)["Patient"]

    [line] = [resource for resource in patients if ada["uuid"].encode() in resource]
    assert json.loads(line)["active"] is False


def test_what_is_nobodys_is_in_an_export_of_the_clinic_alone(
    client, exporter, paper, as_role
):
    kinds = {"_type": "DocumentReference"}
    of_all = ask(client, **kinds)
    of_patients = ask(client, "/fhir/Patient/$export", **kinds)
    exporter.look()

    everything, filed = (
        fetch(client, status).get("DocumentReference", [])
        for status in (of_all, of_patients)
    )

    assert {resource for resource in everything if b'"subject":' in resource} == set(
        filed
    )
    assert paper["id"] in ids_in(filed)


@pytest.fixture
def saved_list(application, client, register) -> tuple[str, str]:
    """The id of a saved list, and the id of the one patient who is on it."""
    patient = register()
    wanted = Group(members=(Filter("last_name", Operator.EQUAL, patient["last_name"]),))

    def save(session):
        clerk = bearers.find(session, application.tokens[Role.STAFF]).actor
        criteria = Criteria(where=wanted)
        key = views.store_criteria(session, clerk, criteria, subject=PATIENTS)
        name = f"A list {uuid4().hex[:8]}"
        return views.save_view(session, clerk, name, key, subject=PATIENTS).id

    view_id = application.database.write(save, identity=SYSTEM).value
    return str(view_id), patient["uuid"]


def test_a_saved_list_is_a_group(client, exporter, saved_list, ada):
    view_id, member = saved_list
    status = ask(client, f"/fhir/Group/{view_id}/$export")
    exporter.look()

    group = client.get(f"/fhir/Group/{view_id}").json()
    exported = fetch(client, status)

    validate(group)
    assert view_id in ids_of(client.get("/fhir/Group").json())
    assert ids_in(exported["Patient"]) == {member}
    assert exported.keys().isdisjoint({"Practitioner"})


def test_somebody_elses_group_is_not_there(as_role, saved_list):
    other = as_role(Role.CLINICIAN)

    answer = other.get(f"/fhir/Group/{saved_list[0]}/$export", headers=ASKING)

    assert answer.status_code == 404
    assert saved_list[0] not in ids_of(other.get("/fhir/Group").json())


def test_a_saved_cohort_is_a_group(application, as_role, exporter, consultation, ada):
    cohort = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS))

    def save(session):
        analyst = bearers.find(session, application.tokens[Role.ANALYST]).actor
        key = cohorts.remember(session, analyst, cohort)
        view = views.save_view(
            session, analyst, uuid4().hex, key, subject=cohorts.COHORTS
        )
        return view.id

    view_id = application.database.write(save, identity=SYSTEM).value
    analyst = as_role(Role.ANALYST)
    status = ask(analyst, f"/fhir/Group/{view_id}/$export", _type="Patient")
    exporter.look()

    assert ids_in(fetch(analyst, status)["Patient"]) == {str(consultation.patient_id)}


@dataclass(frozen=True)
class Kept:
    """A list or cohort as two versions store it: one readable here, one not."""

    role: Role
    subject: Subject
    readable: Json
    newer: Json


def kept_list(newer: Json) -> Kept:
    readable = criteria.to_json(Criteria())
    where = {"combine": "AND", "members": [newer]}
    return Kept(Role.STAFF, PATIENTS, readable, readable | {"where": where})


_DIAGNOSED = cohorts.to_json(Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS)))
OF_TOMORROW = pytest.mark.parametrize(
    "kept",
    [
        Kept(
            Role.ANALYST, cohorts.COHORTS, _DIAGNOSED, _DIAGNOSED | {"tomorrow": True}
        ),
        kept_list({"field": "sex", "operator": "SOUNDS_LIKE", "value": "female"}),
        kept_list({"field": "tomorrow", "operator": "EQUAL", "value": "female"}),
    ],
    ids=["cohort", "operator of a list", "field of a list"],
)


@pytest.fixture
def ask_for_newer(application, as_role):
    """Requests a newer version's list; returns the client, the status and its key."""

    def begin(kept: Kept) -> tuple[Client, str, str]:
        def save(session):
            owner = bearers.find(session, application.tokens[kept.role]).actor
            named = {"owner_id": owner.id, "subject": kept.subject.name}
            # A key of its own: equal criteria share one, and the existing row would be
            # changed.
            key = uuid4().hex
            stored = StoredCriteria(
                key=key,
                digest=uuid4().bytes,
                subject=kept.subject.name,
                criteria=kept.newer,
                created_by=owner.id,
            )
            session.add(stored)
            session.flush()
            view = SavedView(name=uuid4().hex, criteria_key=key, **named)
            session.add(view)
            session.flush()
            return view.id, key

        group_id, key = application.database.write(save, identity=SYSTEM).value
        await_everywhere(application.database)
        owner = as_role(kept.role)
        path = f"/fhir/Group/{group_id}/$export"
        return owner, ask(owner, path, _type="Patient"), key

    return begin


@OF_TOMORROW
def test_a_group_of_a_newer_version_waits_for_a_worker_of_that_one(
    application, exporter, consultation, ask_for_newer, kept
):
    owner, status, key = ask_for_newer(kept)
    exporter.look()
    waiting = owner.get(status)

    def be_of_tomorrow(session):
        stored = update(StoredCriteria).where(StoredCriteria.key == key)
        session.execute(stored.values(criteria=kept.readable))
        silent = func.now() - timedelta(seconds=61)
        session.execute(update(BulkExport).values(worked_at=silent))

    application.database.write(be_of_tomorrow, identity=SYSTEM)
    exporter.look()

    assert waiting.status_code == 202
    assert waiting.headers["X-Progress"] == "the group cannot be read yet"
    assert str(consultation.patient_id) in ids_in(fetch(owner, status)["Patient"])


@OF_TOMORROW
def test_a_group_that_nobody_can_read_fails_after_an_hour_and_says_so(
    application, exporter, ask_for_newer, caplog, kept
):
    owner, status, _ = ask_for_newer(kept)
    exporter.look()

    def pass_an_hour(session):
        silent, long_ago = timedelta(seconds=61), timedelta(minutes=61)
        session.execute(
            update(BulkExport).values(
                worked_at=func.now() - silent, created_at=func.now() - long_ago
            )
        )

    application.database.write(pass_an_hour, identity=SYSTEM)
    exporter.look()
    answer = owner.get(status, headers=NEWEST)

    assert answer.status_code == 500
    sentence = answer.json()["issue"][0]["diagnostics"]
    assert "What this group asks for could not be read" in sentence
    assert "could not be read for an hour" in caplog.text
    assert not application.database.read_latest(
        bulk_exports.is_any_waiting, identity=SYSTEM
    ).value


def test_nobody_else_sees_an_export(as_role, client, exporter):
    status = ask(client, _type="Patient")
    exporter.look()
    other = as_role(Role.CLINICIAN)

    answers = [
        other.get(status),
        other.get(f"{status}/1"),
        other.delete(status),
        client.get(f"{status}/99"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert client.get(status).status_code == 200


def test_what_is_deleted_is_gone_with_its_files(
    application, client, exporter, module_files
):
    status = ask(client, _type="Patient")
    exporter.look()
    [file_id] = stored(module_files)

    deleted = client.delete(status)

    assert deleted.status_code == 202
    assert client.get(status, headers=NEWEST).status_code == 404
    assert not module_files.exists(Bucket.BULK_EXPORTS, file_id)
    assert events_of(application, "export:delete")


@pytest.mark.usefixtures("ada")
def test_what_is_deleted_while_it_is_made_leaves_nothing(
    application, client, module_files, monkeypatch, caplog
):
    status = ask(client, _type="Patient,AllergyIntolerance")
    monkeypatch.setattr(exporting_job, "_TELL_EVERY_SECONDS", -1.0)
    patients = BULK_SOURCES["Patient"]

    def read(session, actor, selection):
        client.delete(status)
        yield from patients.read(session, actor, selection)

    given_up = BulkSource(patients.permission_of, read)
    BulkExporter(
        application.database,
        module_files,
        lambda: {**BULK_SOURCES, "AllergyIntolerance": given_up},
        lambda: NOON,
    ).look()

    assert stored(module_files) == []
    assert client.get(status, headers=NEWEST).status_code == 404
    # Nor is there a cursor, which would be closed in somebody else's transaction.
    assert "Error closing cursor" not in caplog.text


def test_an_export_tells_of_one_moment(
    application, client, module_files, register, ada
):
    status = ask(client, _type="AllergyIntolerance,Patient")
    allergies, late = BULK_SOURCES["AllergyIntolerance"], []

    def read(session, actor, selection):
        yield from allergies.read(session, actor, selection)
        late.append(register()["uuid"])
        await_everywhere(application.database)

    meanwhile = BulkSource(allergies.permission_of, read)
    BulkExporter(
        application.database,
        module_files,
        lambda: {**BULK_SOURCES, "AllergyIntolerance": meanwhile},
        lambda: NOON,
    ).look()
    await_everywhere(application.database)

    ids = ids_in(fetch(client, status)["Patient"])
    assert ada["uuid"] in ids
    assert ids.isdisjoint(late)


def test_what_failed_says_so_and_leaves_nothing(
    application, client, module_files, caplog
):
    status = ask(client, _type="Patient,AllergyIntolerance")

    def read(session, actor, selection):
        raise ValueError("Lovelace")
        yield

    broken = BulkSource(BULK_SOURCES["Patient"].permission_of, read)
    BulkExporter(
        application.database,
        module_files,
        lambda: {**BULK_SOURCES, "AllergyIntolerance": broken},
        lambda: NOON,
    ).look()
    answer = client.get(status, headers=NEWEST)

    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert stored(module_files) == []
    assert "Lovelace" not in caplog.text


def test_an_export_is_put_off_while_the_store_is_away(
    application, client, module_files, exporter
):
    status = ask(client, _type="Patient")

    def read(session, actor, selection):
        raise FileStoreUnavailable
        yield

    away = BulkSource(BULK_SOURCES["Patient"].permission_of, read)
    BulkExporter(
        application.database, module_files, lambda: {"Patient": away}, lambda: NOON
    ).look()
    put_off = client.get(status, headers=NEWEST).status_code
    application.database.write(
        lambda session: session.execute(
            update(BulkExport).values(worked_at=func.now() - timedelta(seconds=61))
        ),
        identity=SYSTEM,
    )
    exporter.look()

    assert put_off == 202
    assert client.get(status, headers=NEWEST).status_code == 200


def test_what_a_dead_worker_left_another_begins_anew(application, client, exporter):
    status = ask(client, _type="Patient")
    export_id = UUID(status.rpartition("/")[2])

    def leave(silent: timedelta):
        application.database.write(
            lambda session: session.execute(
                update(BulkExport)
                .where(BulkExport.id == export_id)
                .values(
                    state="running",
                    worker=uuid4(),
                    worked_at=func.now() - silent,
                    progress="Patient: 3",
                )
            ),
            identity=SYSTEM,
        )

    leave(timedelta(seconds=5))
    exporter.look()
    at_work = client.get(status, headers=NEWEST)
    leave(timedelta(seconds=61))
    exporter.look()

    assert (at_work.status_code, at_work.headers["X-Progress"]) == (202, "Patient: 3")
    assert client.get(status, headers=NEWEST).status_code == 200


def test_an_export_has_files_of_so_many_lines(
    client, exporter, ada, register, monkeypatch
):
    register()
    monkeypatch.setattr(exporting_job, "_LINES_IN_A_FILE", 2)
    status = ask(client, _type="Patient")
    exporter.look()

    files = client.get(status).json()["output"]

    counts = [file["count"] for file in files]
    assert len(counts) > 1
    assert set(counts[:-1]) == {2}
    lines = fetch(client, status)["Patient"]
    assert len(ids_in(lines)) == len(lines) == sum(counts)


def test_one_person_has_so_many_at_a_time(client, as_role, exporter):
    for _ in range(MOST_UNDER_WAY):
        ask(client, _type="Patient")
    third = client.get("/fhir/$export", headers=ASKING)
    others = ask(as_role(Role.CLINICIAN), _type="Patient")
    exporter.look()
    for _ in range(MOST_KEPT - MOST_UNDER_WAY):
        ask(client, _type="Patient")
        exporter.look()
    one_more = client.get("/fhir/$export", headers=ASKING)

    assert others
    assert (third.status_code, one_more.status_code) == (429, 429)
    assert int(third.headers["Retry-After"]) > 0


def test_files_are_sealed_at_rest(client, exporter, module_files, addresses, ada):
    ask(client, _type="Patient")
    exporter.look()
    [file_id] = stored(module_files)

    with MongoClient(addresses.mongo.admin_url) as mongo:
        chunks = mongo[module_files._database.name]["bulk_exports.chunks"].find()
        kept = b"".join(chunk["data"] for chunk in chunks)

    assert file_id
    assert kept
    assert b"resourceType" not in kept


def test_after_a_day_all_is_gone(application, client, exporter, module_files):
    status = ask(client, _type="Patient")
    exporter.look()
    [file_id] = stored(module_files)
    over = update(BulkExport).values(expires_at=func.now())
    application.database.write(lambda s: s.execute(over), identity=SYSTEM)

    answer = client.get(status, headers=NEWEST)
    expire(application.database, module_files, datetime.now(UTC))

    assert answer.status_code == 404
    assert not module_files.exists(Bucket.BULK_EXPORTS, file_id)
    assert events_of(application, "export:expire")


def test_what_a_crash_left_in_the_store_is_swept(application, module_files):
    left = module_files.put(Bucket.BULK_EXPORTS, b"{}", content_type="x/y")

    expire(application.database, module_files, datetime.now(UTC))
    young = module_files.exists(Bucket.BULK_EXPORTS, left)
    later = datetime.now(UTC) + timedelta(hours=26)
    expire(application.database, module_files, later)

    assert young
    assert not module_files.exists(Bucket.BULK_EXPORTS, left)


def test_operations_are_defined_by_what_is_understood(client):
    [rest] = client.get("/fhir/metadata").json()["rest"]
    declared = {
        operation["definition"]
        for component in [rest, *rest["resource"]]
        for operation in component.get("operation", ())
        if operation["name"] == "export"
    }
    defined = [
        client.get(f"/fhir/OperationDefinition/{name}").json()
        for name in ("export", "patient-export", "group-export")
    ]

    assert {definition["base"] for definition in defined} == declared
    for definition in defined:
        validate(definition)
        for parameter in definition["parameter"]:
            # Without a value, a known parameter asks for nothing.
            parameters = {parameter["name"]: "", "_other": "x"}
            answer = client.get("/fhir/$export", params=parameters, headers=ASKING)
            assert '"_other"' in answer.json()["issue"][0]["diagnostics"]
    assert client.get("/fhir/OperationDefinition/other").status_code == 404
