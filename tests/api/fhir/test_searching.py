"""Searchsets: what they find, their pages, and what addresses do not reveal."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import text

from api.fhir.resources import visits as visit_searches
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.document_samples import pdf, upload
from tests.api.fhir.conftest import ids_of, link_of
from tests.services.visits.booking.bookings import samples

_RESOURCE = {
    "resourceType": "Patient",
    "name": [{"family": "There", "given": ["Is"]}],
    "birthDate": "1980-05-17",
    "telecom": [{"system": "email", "value": "is.there@example.org"}],
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _search(client, kind, headers=None, **parameters):
    return client.get(f"/fhir/{kind}", params=parameters, headers=headers or {})


def test_pages_lead_through_all_that_was_found_once(client, register):
    family = register()["last_name"]
    others = [register(last_name=family) for _ in range(4)]

    first = _search(client, "Patient", family=family, _count=2, _sort="-_lastUpdated")
    bundles = [first.json()]
    while link := link_of(bundles[-1], "next"):
        bundles.append(client.get(link).json())

    ids = [id_ for bundle in bundles for id_ in ids_of(bundle)]
    assert [len(ids_of(bundle)) for bundle in bundles] == [2, 2, 1]
    assert ids[:4] == [other["uuid"] for other in reversed(others)]
    assert {bundle["total"] for bundle in bundles} == {5}
    assert link_of(bundles[0], "self").endswith("_count=2&_sort=-_lastUpdated")
    assert bundles[0]["entry"][0]["fullUrl"].endswith(f"/fhir/Patient/{ids[0]}")


def _change(client, patient, **changes):
    """Change a patient's record, as others do while the list is being read."""
    names = ("first_name", "last_name", "date_of_birth", "email")
    body = {name: patient[name] for name in names} | changes
    path = f"/api/v1/patients/{patient['uuid']}"
    answer = client.put(path, body, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text


def test_who_keeps_in_step_misses_nobody_whose_neighbour_was_changed_meanwhile(
    client, register
):
    first = register()
    family = first["last_name"]
    patients = [first, *(register(last_name=family) for _ in range(3))]
    ids = [patient["uuid"] for patient in patients]

    page = _search(client, "Patient", family=family, _count=2, _sort="_lastUpdated")
    _change(client, patients[1], address="2 Quay Street")
    second = client.get(link_of(page.json(), "next")).json()
    third = client.get(link_of(second, "next")).json()

    assert ids_of(page.json()) == ids[:2]
    assert ids_of(second) == ids[2:]
    # Now it is the last one changed, so it is returned again, in its current version.
    assert ids_of(third) == [ids[1]]
    assert link_of(third, "next") is None


def test_a_page_goes_on_where_it_was_though_its_last_is_called_otherwise_since(
    client, register
):
    given = ("Abe", "Bea", "Cid", "Dot")
    family = register(first_name=given[0])["last_name"]
    others = [register(first_name=name, last_name=family) for name in given[1:]]

    sort = {"_sort": "family,-given", "_count": 2}
    page = _search(client, "Patient", family=family, **sort).json()
    _change(client, others[1], first_name="Aaron")
    rest = client.get(link_of(page, "next")).json()

    names = [
        entry["resource"]["name"][0]["given"][0]
        for bundle in (page, rest)
        for entry in bundle["entry"]
    ]
    assert names == [*reversed(given)]


def test_no_document_is_missed_since_another_was_changed_between_two_pages(client, ada):
    papers = [
        upload(client, patient_id=ada["uuid"]).json()["document"]["id"]
        for _ in range(3)
    ]
    wanted = {"patient": ada["uuid"], "_sort": "_lastUpdated", "_count": 1}

    page = _search(client, "DocumentReference", **wanted).json()
    file = {"file": ("Second.pdf", pdf(), "application/pdf")}
    path = f"/api/documents/{papers[0]}/versions"
    assert client.ask("POST", path, files=file).is_success
    second = client.get(link_of(page, "next")).json()

    assert (ids_of(page), ids_of(second)) == ([papers[0]], [papers[1]])


def test_names_stand_in_no_address_where_they_are_sent_as_a_form(client, register):
    family = register()["last_name"]
    register(last_name=family)

    answer = client.ask(
        "POST",
        "/fhir/Patient/_search",
        data={"family": family, "_count": "1"},
    )
    bundle = answer.json()
    next_ = link_of(bundle, "next")

    assert (len(ids_of(bundle)), bundle["total"]) == (1, 2)
    assert family.split()[1] not in next_
    assert len(ids_of(client.get(next_).json())) == 1


def test_a_page_is_for_who_has_asked_and_stands_alone(client, as_role, register):
    family = register()["last_name"]
    register(last_name=family)
    next_ = link_of(_search(client, "Patient", family=family, _count=1).json(), "next")

    assert as_role(Role.CLINICIAN).get(next_).status_code == 400
    assert client.get(f"{next_}&name=x").status_code == 400
    assert client.get(next_.replace("Patient", "Practitioner")).status_code == 400
    assert client.get("/fhir/Patient?_page=nonsense").status_code == 400


@pytest.mark.parametrize(
    "parameters",
    [
        {"family": "{last_name}"},
        {"given": "{first_name}"},
        {"name": "{first_name}"},
        {"name": "Nobody,{last_name}"},
        {"identifier": "{record_number}"},
        {"identifier": "urn:chartroom:record-number|{record_number}"},
        {"_lastUpdated": "ge{updated_at}"},
        {"_id": "{uuid}"},
    ],
)
def test_a_patient_is_found_by_it(client, register, parameters):
    patient = register()
    criteria = {name: value.format(**patient) for name, value in parameters.items()}

    bundle = _search(client, "Patient", **criteria).json()

    assert (ids_of(bundle), bundle["total"]) == ([patient["uuid"]], 1)


def test_who_came_with_an_import_is_found_by_the_number_there(
    application, client, as_role, register
):
    patient = register()
    number = f"there-{patient['uuid']}"
    came = text(
        "UPDATE patients SET source = 'fhir', source_id = :number WHERE id = :id"
    )
    application.database.write(
        lambda session: session.execute(
            came, {"number": number, "id": patient["uuid"]}
        ),
        identity=SYSTEM,
    )

    def matches_of(system):
        identifier = f"{system}|{number}"
        bundle = _search(client, "Patient", identifier=identifier).json()
        return ids_of(bundle), bundle["total"]

    assert matches_of("urn:chartroom:source:fhir") == ([patient["uuid"]], 1)
    assert matches_of("urn:chartroom:source:synthea") == ([], 0)
    assert matches_of("urn:chartroom:record-number") == ([], 0)
    [_, of_source] = client.get(f"/fhir/Patient/{patient['uuid']}").json()["identifier"]
    assert (of_source["system"], of_source["value"]) == (
        "urn:chartroom:source:fhir",
        number,
    )
    wanted = {"If-None-Exist": f"identifier=urn:chartroom:source:fhir|{number}"}
    again = client.post("/fhir/Patient", _RESOURCE, headers=wanted)
    assert (again.status_code, again.json()["id"]) == (200, patient["uuid"])
    for role in (Role.ANALYST, Role.PATIENT):
        refused = _search(
            as_role(role), "Patient", identifier=f"urn:chartroom:source:fhir|{number}"
        )
        assert refused.status_code == 403


def test_a_merged_record_is_found_by_its_own_number_among_the_archived(
    client, register
):
    kept, merged = register(), register()
    names = ("first_name", "last_name", "date_of_birth", "email")
    body = {
        "merged": merged["uuid"],
        "version": 1,
        "merged_version": 1,
        "patient": {name: kept[name] for name in names},
    }
    answer = client.post(f"/api/v1/patients/{kept['uuid']}/merge", body)
    assert answer.status_code == 200, answer.text

    def ids_by(patient, **more):
        number = patient["record_number"]
        return ids_of(_search(client, "Patient", identifier=number, **more).json())

    assert ids_by(merged, active="false") == [merged["uuid"]]
    assert ids_by(merged) == []
    assert ids_by(kept) == [kept["uuid"]]


def test_no_record_has_a_number_with_a_wrong_check_character(client, register):
    number = register()["record_number"]
    mistyped = number[:-1] + ("0" if number[-1] != "0" else "1")

    answer = _search(client, "Patient", identifier=mistyped)

    assert (answer.status_code, ids_of(answer.json())) == (200, [])


@pytest.mark.parametrize(
    ("birthdate", "is_listed"),
    [
        ("1980-05-17", True),
        ("1980", True),
        ("1980-05", True),
        ("1980-06", False),
        ("lt1980-05-17", False),
        ("le1980-05-17", True),
        ("gt1980", False),
        ("ge1980-05", True),
        ("gt1980-04", True),
        ("lt1980-06", True),
        ("9999", False),
        ("lt9999-12", True),
    ],
)
def test_a_birthdate_may_be_a_day_a_month_or_a_year(
    client, register, birthdate, is_listed
):
    patient = register()

    answer = _search(client, "Patient", _id=patient["uuid"], birthdate=birthdate)

    assert answer.status_code == 200
    assert bool(ids_of(answer.json())) is is_listed


@pytest.mark.parametrize(
    ("parameters", "is_listed"),
    [
        ({"gender": "unknown"}, True),
        ({"gender": "male,female"}, False),
        ({"gender": "http://hl7.org/fhir/administrative-gender|unknown"}, True),
        ({"gender": "urn:other|unknown"}, False),
        ({"active": "true"}, True),
        ({"active": "false"}, False),
        ({"_id": "none"}, False),
        ({"identifier": "urn:other|{record_number}"}, False),
        ({"_lastUpdated": "lt{updated_at}"}, False),
    ],
)
def test_all_parameters_must_hold(client, register, parameters, is_listed):
    patient = register()
    criteria = {name: value.format(**patient) for name, value in parameters.items()}

    bundle = _search(client, "Patient", family=patient["last_name"], **criteria).json()

    assert bool(ids_of(bundle)) is is_listed


def test_a_moment_to_the_minute_is_all_of_that_minute(client, register):
    patient = register()
    changed = datetime.fromisoformat(patient["updated_at"]).astimezone(UTC)
    minute = f"{changed:%Y-%m-%dT%H:%MZ}"

    def ids_with(value):
        return ids_of(
            _search(client, "Patient", _id=patient["uuid"], _lastUpdated=value).json()
        )

    assert ids_with(minute) == ids_with(f"le{minute}") == [patient["uuid"]]
    assert ids_with(f"gt{minute}") == ids_with(f"lt{minute}") == []


def test_the_plus_of_a_zone_may_be_sent_as_it_is(client, register):
    patient = register()
    changed = datetime.fromisoformat(patient["updated_at"])
    east = changed.astimezone(timezone(timedelta(hours=2))).isoformat()

    path = f"/fhir/Patient?_id={patient['uuid']}&_lastUpdated="
    since, before = (
        ids_of(client.get(f"{path}{prefix}{east}").json()) for prefix in ("ge", "lt")
    )

    assert (since, before) == ([patient["uuid"]], [])


def test_an_archived_patient_is_found_where_archived_ones_are_asked_for(
    client, register
):
    patient = register()
    client.delete(f"/api/v1/patients/{patient['uuid']}")

    bundle = _search(client, "Patient", _id=patient["uuid"], active="false").json()

    assert ids_of(bundle) == [patient["uuid"]]
    assert bundle["entry"][0]["resource"]["active"] is False


@pytest.mark.parametrize(
    ("kind", "query", "word"),
    [
        ("Patient", "color=red", "color"),
        ("Patient", "birthdate=yesterday", "birthdate"),
        ("Patient", "birthdate=1980-13", "birthdate"),
        ("Patient", "birthdate=1980-05-17T10:00:00Z", "without a time"),
        ("Patient", "gender=x", "female"),
        ("Patient", "active=perhaps", "active"),
        ("Patient", "identifier=4K7P2X,4K7P2Y", "one identifier"),
        ("Patient", "identifier=urn:chartroom:source:fhir|", "after the system"),
        ("Patient", "_sort=color", "family"),
        ("Patient", "_count=many", "_count"),
        ("Patient", "_total=most", "_total"),
        ("Patient", "_summary=text", "_summary"),
        ("Patient", "_count=1&_count=2", "more than once"),
        ("Patient", "name=%00", "character"),
        ("Patient", "name=Ada,", "comma"),
        ("Patient", "name=Ada,%20", "comma"),
        ("Patient", "name=%20", "name has nothing but spaces"),
        ("Practitioner", "name=,Ann", "comma"),
        ("Provenance", "_id=" + ",".join(["1"] * 101), "at most 100"),
        ("AllergyIntolerance", "_id=" + ",".join(["1"] * 101), "at most 100"),
        ("Practitioner", "active=perhaps", "active"),
        ("Practitioner", "_sort=name", "nothing"),
        ("AllergyIntolerance", "", "patient=Patient/id"),
        ("AllergyIntolerance", "patient=1,2", "one patient"),
        ("DocumentReference", "type=x", "lab_report"),
        ("Appointment", "", "Give patient, or date"),
        ("Appointment", "date=gt2026-11-23", "single day"),
        ("Appointment", "date=2026-11", "single day"),
        ("Appointment", "date=20261123", "or a time such as"),
        ("Encounter", "date=9999-12-31", "single day"),
        ("Encounter", "date=2026-11-23T10:00:00Z", "single day"),
        ("Encounter", "date=ge2026-11-23&date=lt2026-11-25", "single day"),
        ("Appointment", "practitioner=x", "Give patient, or date"),
        ("Appointment", "practitioner=x&patient=y", "Give patient, or date"),
        ("Appointment", "patient=x&date=soon", "or a time such as"),
        ("Appointment", "patient=x&date=2026,2027", "one value"),
        ("Appointment", "patient=1,2", "one patient"),
        ("Appointment", "_id=1&patient=2", "cannot be combined"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_in_a_sentence(
    client, kind, query, word
):
    answer = client.get(f"/fhir/{kind}?{query}")

    assert answer.status_code == 400
    assert word in answer.json()["issue"][0]["diagnostics"]


def test_who_is_lenient_is_told_what_was_passed_over(client, register):
    patient = register()
    headers = {"Prefer": "handling=lenient"}

    bundle = _search(
        client, "Patient", headers, _id=patient["uuid"], color="red"
    ).json()

    [match, outcome] = bundle["entry"]
    assert match["resource"]["id"] == patient["uuid"]
    assert outcome["search"] == {"mode": "outcome"}
    assert '"color"' in outcome["resource"]["issue"][0]["diagnostics"]
    assert "color" not in link_of(bundle, "self")


def test_a_count_of_nothing_tells_the_total_alone(client, register):
    patient = register()

    for wanted in ({"_count": 0}, {"_summary": "count", "_total": "none"}):
        bundle = _search(client, "Patient", _id=patient["uuid"], **wanted).json()

        assert bundle["total"] == 1
        assert "entry" not in bundle
        assert link_of(bundle, "next") is None
    whole = _search(client, "Patient", _id=patient["uuid"], _summary="false").json()
    assert ids_of(whole) == [patient["uuid"]]


def test_who_needs_no_total_gets_none(client):
    assert "total" not in _search(client, "Patient", _total="none").json()


def test_a_form_is_read_from_known_callers_and_in_its_own_format(client, stranger):
    path = "/fhir/Patient/_search"

    assert stranger.ask("POST", path, content=b"x", headers=FORM).status_code == 401
    assert client.post(path, {"name": "Ada"}).status_code == 415
    long = b"name=" + b"a" * 1_000_001
    assert client.ask("POST", path, content=long, headers=FORM).status_code == 413
    many = "&".join(["name=a"] * 101)
    assert client.ask("POST", path, content=many, headers=FORM).status_code == 400


def test_documents_are_found_by_patient_type_and_day(client, ada, paper):
    upload(client, patient_id=ada["uuid"], document_type="invoice")
    of_ada = {"patient": f"Patient/{ada['uuid']}"}
    today = paper["created_at"][:10]

    every = _search(client, "DocumentReference", **of_ada).json()
    reports, by_loinc, by_code, of_none = (
        _search(client, "DocumentReference", **of_ada, type=code).json()
        for code in (
            "lab_report",
            "http://loinc.org|11502-2",
            "11502-2",
            "http://loinc.org|lab_report",
        )
    )
    later = _search(
        client, "DocumentReference", **of_ada, date=f"gt{paper['created_at']}"
    ).json()
    then = _search(client, "DocumentReference", **of_ada, date=today).json()
    other = _search(client, "DocumentReference", patient="Device/1").json()

    assert (every["total"], ids_of(reports)) == (2, [paper["id"]])
    assert ids_of(by_loinc) == ids_of(by_code) == [paper["id"]]
    assert ids_of(of_none) == []
    assert (ids_of(later), len(ids_of(then))) == ([ids_of(every)[0]], 2)
    assert ids_of(other) == []


@pytest.fixture
def doctors(client):
    names = ("Ann Zebra", "Bob Zebra", "Cem Yak")
    made = [
        client.post("/api/doctors", {"name": name, "specialization": "Zoology"})
        for name in names
    ]
    return [answer.json()["id"] for answer in made]


@pytest.mark.parametrize("name", ["zoë", "Zoe", "MULLER", "Other,mül"])
def test_a_doctor_is_found_in_any_case_and_without_accents(client, name):
    body = {"name": "Zoë Müller", "specialization": "Zoology"}
    doctor_id = client.post("/api/doctors", body).json()["id"]

    bundle = _search(client, "Practitioner", name=name, _count=100).json()

    assert doctor_id in ids_of(bundle)


def _forms_of(id_):
    return [id_.upper(), UUID(id_).hex, f"urn:uuid:{id_}", f"{{{id_}}}"]


def test_a_resource_has_one_id_to_the_letter(client, ada):
    for form in _forms_of(ada["uuid"]):
        assert client.get(f"/fhir/Patient/{form}").status_code == 404, form
        assert ids_of(_search(client, "Patient", _id=form).json()) == []
        about = client.get("/fhir/Provenance", params={"target": f"Patient/{form}"})
        assert about.status_code in {400, 404}, form


def test_visits_are_found_by_patient_and_by_day(client, ada, visits):
    day = samples.FIRST.date().isoformat()
    first, second = visits["ids"]
    doctor = f"Practitioner/{visits['doctor']}"

    of_ada = _search(client, "Appointment", patient=ada["uuid"], _count=1).json()
    rest = client.get(link_of(of_ada, "next")).json()
    of_day = _search(client, "Appointment", date=day, practitioner=doctor).json()
    named = _search(client, "Appointment", _id=f"{first},none").json()

    assert (ids_of(of_ada), ids_of(rest)) == ([second], [first])
    assert link_of(rest, "next") is None
    assert (ids_of(of_day), of_day["total"]) == ([first, second], 2)
    assert (ids_of(named), named["total"]) == ([first], 1)
    other = _search(client, "Appointment", date="2020-01-01", practitioner=doctor)
    assert ids_of(other.json()) == []


def test_a_patient_s_visits_are_narrowed_by_when_they_begin_and_how_far_they_are(
    client, ada, visits
):
    first, second = visits["ids"]
    whose = {"patient": ada["uuid"]}
    starts = client.get(f"/fhir/Appointment/{second}").json()["start"]
    client.post(f"/api/bookings/{first}/cancel")

    def bundle_of(kind="Appointment", **narrower):
        return _search(client, kind, **whose, **narrower).json()

    since = bundle_of(date=f"ge{starts}")
    assert (ids_of(since), since["total"]) == ([second], 1)
    assert ids_of(bundle_of(date=f"lt{starts}")) == [first]
    assert ids_of(bundle_of(date=f"gt{starts}")) == []
    assert ids_of(bundle_of(date=[f"ge{starts[:10]}", f"le{starts}"])) == [
        second,
        first,
    ]
    assert ids_of(bundle_of(status="booked")) == [second]
    assert ids_of(bundle_of(status="cancelled")) == [first]
    assert len(ids_of(bundle_of(status="cancelled,booked"))) == 2
    assert len(ids_of(bundle_of("Encounter", status="planned"))) == 1
    none = bundle_of(status="booked", _count=0)
    assert (none["total"], "entry" in none) == (1, False)


def test_a_narrowed_list_goes_on_until_all_of_it_was_told(
    client, ada, visits, monkeypatch
):
    monkeypatch.setattr(visit_searches, "_MOST", 1)
    first, second = visits["ids"]
    client.post(f"/api/bookings/{second}/cancel")

    late = _search(
        client, "Appointment", patient=ada["uuid"], status="booked", _count=1
    )

    assert ids_of(late.json()) == [first]
    assert link_of(late.json(), "next") is None


def test_patients_find_their_own_visits_and_no_other_s(as_role, ada, visits):
    patient = as_role(Role.PATIENT)

    assert ids_of(patient.get("/fhir/Appointment").json()) == []
    others = patient.get(f"/fhir/Appointment?patient={ada['uuid']}")
    assert others.status_code in {403, 404} or ids_of(others.json()) == []
    assert patient.get(f"/fhir/Appointment/{visits['ids'][0]}").status_code == 404


def test_doctors_are_found_by_name_and_by_role(client, doctors):
    bundle = _search(client, "Practitioner", name="Zebra", _count=1).json()
    rest = client.get(link_of(bundle, "next")).json()
    role = _search(
        client, "PractitionerRole", practitioner=f"Practitioner/{doctors[2]}"
    ).json()

    assert bundle["total"] == 2
    assert {*ids_of(bundle), *ids_of(rest)} == {*doctors[:2]}
    assert link_of(rest, "next") is None
    [entry] = role["entry"]
    assert entry["resource"]["specialty"] == [{"text": "Zoology"}]
    inactive = _search(client, "Practitioner", name="Zebra", active="false").json()
    assert ids_of(inactive) == []


# Valid in ISO 8601, but PostgreSQL knows no offsets of 16 hours and more.
FAR_OFFSET = "2026-11-23T10:00:00%2B23:00"


@pytest.mark.parametrize(
    "search",
    [
        f"Patient?_lastUpdated=ge{FAR_OFFSET}",
        f"DocumentReference?date=lt{FAR_OFFSET}",
        f"Slot?schedule={{doctor}}&start=ge2026-11-20&start=lt{FAR_OFFSET}",
        f"Appointment/$find?start=2026-11-20&end={FAR_OFFSET}",
        f"Appointment?patient={{patient}}&date=ge{FAR_OFFSET}",
    ],
)
def test_a_time_may_have_any_offset(client, ada, visits, search):
    path = search.format(doctor=visits["doctor"], patient=ada["uuid"])

    assert client.get(f"/fhir/{path}").status_code == 200


def test_a_time_may_have_more_digits_than_the_database_keeps(client, ada):
    # Firely's client for .NET sends seven.
    for search in ("Patient?_lastUpdated=gt", "DocumentReference?date=gt"):
        answer = client.get(f"/fhir/{search}2026-11-20T12:00:00.1234567Z&_count=0")
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("searched", "status"),
    [
        ("Appointment?patient={patient}", "appointmentstatus|booked"),
        ("Encounter?patient={patient}", "encounter-status|planned"),
        (
            "Slot?schedule={doctor}&start=ge2026-11-20&start=lt2027-01-10",
            "slotstatus|busy",
        ),
    ],
)
def test_a_status_is_found_with_its_own_system_only(
    client, ada, visits, searched, status
):
    path = searched.format(doctor=visits["doctor"], patient=ada["uuid"])
    code = status.partition("|")[2]

    def ids_with(token):
        answer = client.get(f"/fhir/{path}&status={token}")
        assert answer.status_code == 200, answer.text
        return ids_of(answer.json())

    assert len(ids_with(code)) == 2
    assert ids_with(f"http://hl7.org/fhir/{status}") == ids_with(code)
    assert ids_with(f"http://example.org/statuses|{code}") == []
    assert client.get(f"/fhir/{path}&status=mistyped").status_code == 400


def test_a_prescriptions_status_is_found_with_its_own_system_only(
    as_role, consultation
):
    clinician = as_role(Role.CLINICIAN)
    path = f"/fhir/MedicationRequest?patient={consultation.patient_id}"
    system = "http://hl7.org/fhir/CodeSystem/medicationrequest-"

    def number_of(search):
        return len(ids_of(clinician.get(f"{path}&{search}").json()))

    assert number_of(f"status={system}status|active") == number_of("status=active") > 0
    assert number_of(f"intent={system}intent|order") > 0
    assert number_of("status=http://example.org/statuses|active") == 0
    assert number_of("intent=http://example.org/intents|order") == 0
