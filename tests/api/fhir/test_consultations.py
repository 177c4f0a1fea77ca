"""Visits, measurements, diagnoses, prescriptions and times, read by FHIR."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.consultations import notes, prescriptions
from services.consultations.notes import visit_notes
from services.consultations.prescriptions import (
    DraftPrescription,
    SignedPaper,
)
from services.core.actors import Role, Scope
from services.core.errors import NotAllowed
from services.patients.care import care
from services.people.tokens import bearers
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import LINE, TYPED, ids_of, link_of
from tests.api.fhir.oracles import HAS_NODE, find_problems_with_node, validate
from tests.api.visit_samples import Practice
from tests.kit import cast
from tests.services.visits import visit_samples

KINDS = ("Observation", "Condition", "MedicationRequest", "Encounter")


@pytest.fixture(scope="module")
def withdrawn(application, consultation) -> UUID:
    """The id of another patient's prescription, amended and then withdrawn."""
    clinician = application.people[Role.CLINICIAN]

    def withdraw(session):
        patient_id = cast.add_patient(session, cast.GRACE).id
        program = bearers.find(session, application.tokens[Role.CLINICIAN]).actor
        for treating in (program, clinician):
            clerk = application.people[Role.STAFF]
            care.assign(session, clerk, patient_id, treating.id)
        visit_id = visit_samples.visit(
            session,
            consultation.doctor_id,
            patient_id,
            visit_samples.soon(90),
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )
        paper = SignedPaper(uuid4().hex, "x.pdf", 1, bytes(32), bytes(32))
        order = prescriptions.prepare(
            session, clinician, visit_id, DraftPrescription((LINE,))
        )
        issued = prescriptions.issue(session, clinician, order, paper)
        order = prescriptions.prepare_amendment(
            session,
            clinician,
            issued.id,
            DraftPrescription((replace(LINE, dose="2"),)),
            number=1,
        )
        prescriptions.issue(session, clinician, order, paper)
        reason = "Does not go with the other one"
        return prescriptions.withdraw(
            session, clinician, issued.id, number=2, reason=reason
        ).id

    return application.database.write(withdraw, identity=SYSTEM).value


@pytest.fixture
def clinician(as_role) -> Client:
    return as_role(Role.CLINICIAN)


def _search(client, kind, **parameters):
    answer = client.get(f"/fhir/{kind}", params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.json().get("entry", ())]


def _read(client, kind, id_):
    return client.get(f"/fhir/{kind}/{id_}", headers=NEWEST)


def test_everything_of_a_visit_is_of_r4_and_read_by_the_id_that_a_search_tells(
    clinician, consultation
):
    for kind in KINDS:
        resources = _search(clinician, kind, patient=str(consultation.patient_id))
        assert resources, kind
        for resource in resources:
            validate(resource)
            assert _read(clinician, kind, resource["id"]).json() == resource
        assert _read(clinician, kind, f"{resources[0]['id']}0").status_code == 404


def test_what_refers_to_a_visit_leads_to_its_encounter_and_appointment(
    clinician, consultation
):
    [condition, *_] = _search(
        clinician, "Condition", patient=str(consultation.patient_id)
    )
    reference = condition["encounter"]["reference"]

    encounter = clinician.get(f"/fhir/{reference}", headers=NEWEST).json()

    assert encounter["status"] == "arrived"
    [appointment] = encounter["appointment"]
    path = f"/fhir/{appointment['reference']}"
    assert clinician.get(path, headers=NEWEST).status_code == 200


@pytest.mark.parametrize(
    ("kind", "parameters", "number"),
    [
        ("Observation", {"code": "8867-4"}, 1),
        ("Observation", {"code": "http://loinc.org|8867-4,85354-9"}, 2),
        ("Observation", {"code": "urn:other|8867-4"}, 0),
        ("Observation", {"category": "vital-signs"}, 2),
        ("Observation", {"category": "laboratory"}, 0),
        ("Observation", {"code": "http://loinc.org|"}, 2),
        ("Observation", {"code": "|8867-4"}, 0),
        ("Observation", {"date": "ge2020-01-01"}, 2),
        ("Observation", {"date": ["ge2020", "lt2020-06"]}, 0),
        ("Observation", {"_lastUpdated": "gt2020"}, 2),
        ("Condition", {"code": "http://hl7.org/fhir/sid/icd-10|"}, 1),
        ("Condition", {"recorded-date": "lt2020-01-01T00:00:00Z"}, 0),
        ("MedicationRequest", {"authoredon": "ge2020"}, 2),
        ("MedicationRequest", {"authoredon": "eq2020"}, 0),
        ("Condition", {"code": "I10"}, 1),
        ("Condition", {"category": "encounter-diagnosis"}, 2),
        ("MedicationRequest", {"status": "active"}, 2),
        ("MedicationRequest", {"status": "cancelled"}, 0),
        ("MedicationRequest", {"intent": "order"}, 2),
    ],
)
def test_entries_are_found_by_what_they_are(
    clinician, consultation, kind, parameters, number
):
    resources = _search(
        clinician, kind, patient=str(consultation.patient_id), **parameters
    )

    assert len(resources) == number


def test_entries_come_by_pages(clinician, consultation):
    parameters = {"patient": str(consultation.patient_id), "_count": "1"}

    first = clinician.get("/fhir/MedicationRequest", params=parameters, headers=NEWEST)
    second = clinician.get(link_of(first.json(), "next"), headers=NEWEST)

    ids = [*ids_of(first.json()), *ids_of(second.json())]
    assert ids == [f"{consultation.prescription_id}.{number}" for number in (1, 2)]
    assert first.json()["total"] == second.json()["total"] == 2
    assert link_of(second.json(), "next") is None


def test_entries_are_found_by_several_ids(clinician, consultation):
    ids = [f"{consultation.visit_id}.pulse", f"{uuid4()}.pulse"]

    assert [
        observation["id"]
        for observation in _search(clinician, "Observation", _id=",".join(ids))
    ]


def test_patients_read_their_prescriptions_and_visits_and_no_notes(
    as_role, consultation
):
    patient = as_role(Role.PATIENT)

    assert len(_search(patient, "MedicationRequest")) == 2
    assert _search(patient, "Encounter")
    for kind in ("Observation", "Condition"):
        assert patient.get(f"/fhir/{kind}", headers=NEWEST).status_code == 403


@pytest.mark.parametrize("kind", ["Observation", "Condition"])
def test_nobody_reads_notes_who_does_not_treat_the_patient(
    client, clinician, consultation, ada, kind
):
    assert client.get(f"/fhir/{kind}?patient={ada['uuid']}").status_code == 403
    of_ada = clinician.get(f"/fhir/{kind}?patient={ada['uuid']}", headers=NEWEST)
    assert of_ada.status_code == 404


def test_who_may_only_read_visits_reads_notes_and_writes_none(
    application, consultation
):
    def use(session):
        program = bearers.find(session, application.tokens[Role.CLINICIAN]).actor
        reader = replace(program, scopes=frozenset({Scope.READ_VISITS}))
        visit_id = consultation.visit_id
        assert visit_notes.find_of_visit(session, reader, visit_id)
        with pytest.raises(NotAllowed, match="write the records of visits"):
            notes.save(session, reader, visit_id, TYPED, number=1)

    application.database.write(use, identity=SYSTEM)


def test_analysts_read_nothing_of_a_visit(as_role, consultation):
    analyst = as_role(Role.ANALYST)

    for kind in KINDS:
        path = f"/fhir/{kind}?patient={consultation.patient_id}"
        assert analyst.get(path, headers=NEWEST).status_code == 403


def test_who_read_notes_by_fhir_is_in_the_audit_log(
    application, clinician, consultation
):
    _search(clinician, "Observation", patient=str(consultation.patient_id))

    wanted = select(AuditEvent.action).where(
        AuditEvent.patient_id == consultation.patient_id
    )
    actions = application.database.write(
        lambda session: set(session.scalars(wanted)), identity=SYSTEM
    ).value
    assert "record:read" in actions


@pytest.mark.parametrize(
    ("kind", "query", "word"),
    [
        ("Observation", "", "Give the patient"),
        ("Condition", "patient=1,2", "one patient"),
        ("MedicationRequest", "code=x", "no search parameter"),
        ("Slot", "", "one schedule"),
        ("Slot", "schedule=x", "Give a range"),
        ("Slot", "schedule=x&start=ge2026-11-23", "or a day"),
        ("Slot", "schedule=x&start=ge2026-01-01&start=lt2026-12-01", "62 days"),
        ("Slot", "schedule=x&start=2026", "62 days"),
        ("Slot", "schedule=x&start=soon", "or a time such as"),
        ("Slot", "schedule=x&start=2026-11-23,2026-11-24", "one value"),
        ("Slot", "schedule=x&start=9999-12-31", "1900 to 2199"),
        (
            "Slot",
            "schedule=x&start=ge2026-11-23&start=le9999-12-31T23:59:59.999999Z",
            "1900 to 2199",
        ),
        ("Observation", "patient=x&date=soon", "or a time such as"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_in_a_sentence(
    clinician, kind, query, word
):
    answer = clinician.get(f"/fhir/{kind}?{query}")

    assert answer.status_code == 400
    assert word in answer.json()["issue"][0]["diagnostics"]


@pytest.fixture
def practice(application) -> Practice:
    return Practice.open(application.database)


def _slots(client, practice, **parameters):
    today = datetime.now(UTC).date()
    bounds = [f"ge{today}", f"lt{today + timedelta(days=60)}"]
    schedule = f"Schedule/{practice.doctor_id}"
    parameters |= {"schedule": schedule, "start": bounds, "_count": "1000"}
    return _search(client, "Slot", **parameters)


def test_a_doctors_free_times_are_slots_of_a_schedule(client, practice):
    schedule = _read(client, "Schedule", practice.doctor_id).json()
    validate(schedule)
    [by_actor] = _search(client, "Schedule", actor=f"Practitioner/{practice.doctor_id}")

    slots = _slots(client, practice)

    assert by_actor == schedule
    assert len(slots) == len(practice.slot_ids)
    for slot in slots:
        validate(slot)
        assert slot["schedule"]["reference"] == f"Schedule/{schedule['id']}"
        assert _read(client, "Slot", slot["id"]).json() == slot


def test_a_time_that_is_held_or_booked_is_not_free(client, practice, ada):
    held = practice.wish(0, ada["uuid"])
    client.post("/api/bookings", held)
    booking = client.post("/api/bookings", practice.wish(1, ada["uuid"])).json()
    client.post(f"/api/bookings/{booking['id']}/confirm")

    states = {slot["id"]: slot["status"] for slot in _slots(client, practice)}
    free = {slot["id"] for slot in _slots(client, practice, status="free")}

    first, second, third, *_ = map(str, practice.slot_ids)
    assert [states[id_] for id_ in (first, second, third)] == [
        "busy-tentative",
        "busy",
        "free",
    ]
    assert third in free
    assert not {first, second} & free


def test_slots_begin_in_the_time_that_is_asked_for(client, practice):
    slots = sorted(_slots(client, practice), key=lambda slot: slot["start"])
    second, third = slots[1], slots[2]
    bounds = [f"gt{slots[0]['start']}", f"le{third['start']}"]

    bounded = _search(client, "Slot", schedule=str(practice.doctor_id), start=bounds)
    exactly = _search(
        client, "Slot", schedule=str(practice.doctor_id), start=second["start"]
    )

    assert {slot["id"] for slot in bounded} == {second["id"], third["id"]}
    assert [slot["id"] for slot in exactly] == [second["id"]]


def test_moments_without_a_zone_are_by_the_clinic_s_clock(client, practice):
    doctor, today = str(practice.doctor_id), datetime.now(UTC).date()
    last = today + timedelta(days=30)

    days = [f"ge{today}", f"lt{last}"]
    timestamps = [f"ge{today}T00:00", f"lt{last}T00:00:00"]
    by_day = _search(client, "Slot", schedule=doctor, start=days)
    by_timestamp = _search(client, "Slot", schedule=doctor, start=timestamps)

    assert by_timestamp == by_day != []


def test_a_schedule_is_known_by_its_tag_until_the_doctor_is_changed(client, practice):
    answer = _read(client, "Schedule", practice.doctor_id)
    known = {"If-None-Match": answer.headers["ETag"], **NEWEST}

    again = client.get(f"/fhir/Schedule/{practice.doctor_id}", headers=known)

    assert (answer.headers["ETag"], again.status_code) == ('W/"1"', 304)


def test_there_is_no_time_that_was_never_offered(client):
    assert _read(client, "Slot", uuid4()).status_code == 404


def test_a_drug_is_read_as_it_was_issued_amended_and_withdrawn(clinician, withdrawn):
    path = f"{withdrawn}.1/_history"

    bundle = _read(clinician, "MedicationRequest", path).json()

    validate(bundle)
    versions = [entry["resource"] for entry in bundle["entry"]]
    assert [
        (
            version["meta"]["versionId"],
            version["status"],
            version["dosageInstruction"][0]["text"],
        )
        for version in versions
    ] == [
        ("3", "cancelled", "2, 3 times a day, 5 days"),
        ("2", "active", "2, 3 times a day, 5 days"),
        ("1", "active", "1, 3 times a day, 5 days"),
    ]
    times = [version["meta"]["lastUpdated"] for version in versions]
    assert times == sorted(times, reverse=True)
    for version in versions:
        number = version["meta"]["versionId"]
        assert (
            _read(clinician, "MedicationRequest", f"{path}/{number}").json() == version
        )
    assert _read(clinician, "MedicationRequest", f"{withdrawn}.1").json() == versions[0]
    assert _read(clinician, "MedicationRequest", f"{path}/4").status_code == 404
    beyond = _read(clinician, "MedicationRequest", f"{withdrawn}.2/_history")
    assert beyond.status_code == 404


def test_who_issued_amended_and_withdrew_a_drug_is_told(clinician, withdrawn):
    parameters = {"target": f"MedicationRequest/{withdrawn}.1"}
    bundle = clinician.get("/fhir/Provenance", params=parameters, headers=NEWEST).json()

    validate(bundle)
    provenances = [entry["resource"] for entry in bundle["entry"]]
    assert [
        (
            provenance["target"][0]["reference"],
            provenance["activity"]["coding"][1]["code"],
        )
        for provenance in provenances
    ] == [
        (f"MedicationRequest/{withdrawn}.1/_history/1", "prescription:issue"),
        (f"MedicationRequest/{withdrawn}.1/_history/2", "prescription:amend"),
        (f"MedicationRequest/{withdrawn}.1/_history/3", "prescription:withdraw"),
    ]
    assert (
        len({provenance["agent"][0]["who"]["display"] for provenance in provenances})
        == 1
    )
    for provenance in provenances:
        validate(provenance)
        assert _read(clinician, "Provenance", provenance["id"]).json() == provenance
    beyond = {"target": f"MedicationRequest/{withdrawn}.2"}
    none = clinician.get("/fhir/Provenance", params=beyond, headers=NEWEST)
    assert none.json()["total"] == 0
    include = {"_id": f"{withdrawn}.1", "_revinclude": "Provenance:target"}
    answer = clinician.get("/fhir/MedicationRequest", params=include, headers=NEWEST)
    assert len(answer.json()["entry"]) == 4


_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
GONE = {"coding": [{"system": _CLINICAL, "code": "gone"}]}


@pytest.mark.skipif(not HAS_NODE, reason="npm has installed no packages")
@pytest.mark.parametrize(
    ("kind", "broken", "named"),
    [
        ("Observation", {"status": "done"}, "Observation.status"),
        ("Observation", {"component": []}, "us-core-blood-pressure"),
        ("MedicationRequest", {"intent": "rx"}, "MedicationRequest.intent"),
        ("MedicationRequest", {"requester": None}, "us-core-medicationrequest"),
        ("Condition", {"clinicalStatus": GONE}, "Condition.clinicalStatus"),
        ("Encounter", {"status": "over"}, "Encounter.status"),
    ],
)
def test_what_a_visit_leaves_keeps_them_too(as_role, consultation, kind, broken, named):
    parameters = {"patient": str(consultation.patient_id)}
    bundle = as_role(Role.CLINICIAN).get(f"/fhir/{kind}", params=parameters).json()
    whole = next(
        entry["resource"]
        for entry in bundle["entry"]
        if kind != "Observation" or "component" in entry["resource"]
    )

    assert find_problems_with_node(whole) == []
    kept = {name: value for name, value in broken.items() if value is not None}
    lesser = {name: whole[name] for name in whole if name not in broken} | kept
    assert named in "; ".join(find_problems_with_node(lesser))
