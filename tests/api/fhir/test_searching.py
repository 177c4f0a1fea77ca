"""Searchsets: what they find, their pages, and what nobody learns from addresses."""

import pytest

from services.core.actors import Role
from tests.api.document_samples import upload
from tests.api.fhir.conftest import ids_of, link_of
from tests.services.visits.booking.bookings import samples

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
    ],
)
def test_a_birthdate_may_be_a_day_a_month_or_a_year(
    client, register, birthdate, is_listed
):
    patient = register()

    bundle = _search(client, "Patient", _id=patient["uuid"], birthdate=birthdate).json()

    assert bool(ids_of(bundle)) is is_listed


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
        ("Patient", "_sort=color", "family"),
        ("Patient", "_count=many", "_count"),
        ("Patient", "_total=most", "_total"),
        ("Patient", "_count=1&_count=2", "more than once"),
        ("Patient", "name=%00", "character"),
        ("Practitioner", "active=perhaps", "active"),
        ("Practitioner", "_sort=name", "nothing"),
        ("AllergyIntolerance", "", "patient=Patient/id"),
        ("AllergyIntolerance", "patient=1,2", "one patient"),
        ("DocumentReference", "type=x", "lab_report"),
        ("Appointment", "", "of which day"),
        ("Appointment", "date=gt2026-11-23", "one day"),
        ("Appointment", "date=2026-11-23&patient=x", "or for those of a day"),
        ("Appointment", "practitioner=x", "or for those of a day"),
        ("Appointment", "patient=1,2", "one patient"),
        ("Appointment", "_id=1&patient=2", "stands alone"),
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

    bundle = _search(client, "Patient", _id=patient["uuid"], _count=0).json()

    assert bundle["total"] == 1
    assert "entry" not in bundle
    assert link_of(bundle, "next") is None


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
    reports = _search(client, "DocumentReference", **of_ada, type="lab_report").json()
    later = _search(
        client, "DocumentReference", **of_ada, date=f"gt{paper['created_at']}"
    ).json()
    then = _search(client, "DocumentReference", **of_ada, date=today).json()
    other = _search(client, "DocumentReference", patient="Device/1").json()

    assert (every["total"], ids_of(reports)) == (2, [paper["id"]])
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
