"""The International Patient Summary: one document, by whoever may read its parts."""

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from db.postgres import SYSTEM
from services.core.actors import Role
from services.patients.records import patients
from tests.api.conftest import NEWEST
from tests.api.fhir.conftest import LINE, actions_about
from tests.api.fhir.oracles import validate
from tests.api.fhir.patient_summaries import RULES, problems_of

PROBLEMS, MEDICATIONS, ALLERGIES, VITALS = "11450-4", "10160-0", "48765-2", "8716-3"
LISTS = {
    "allergies": ["Penicillin <b>"],
    "medical_history": ["Asthma", "I think: gout", "Tired of it all"],
    "current_medications": [LINE.drug, "Fish oil"],
}
ENTRY = """
INSERT INTO clinical_entries (
    patient_id, kind, term, system, code, value, unit, started_on, ended_on, source,
    source_key
) VALUES (
    :patient_id, :kind, :term, :system, :code, :value, :unit, :since, :until, 'test',
    gen_random_uuid()
)
"""
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
ENTRIES = [
    (
        "condition",
        "Asthma",
        SNOMED,
        "195967001",
        None,
        None,
        "2001-02-03",
        "2010-01-01",
    ),
    ("condition", "Nobody's", SNOMED, "1", None, None, "2001-02-03", None),
    ("observation", "Body weight", LOINC, "29463-7", 80, "kg", "2020-01-01", None),
    ("observation", "Body weight", LOINC, "29463-7", 82, "kg", "2021-01-01", None),
    ("observation", "Heart rate", LOINC, "8867-4", 99, "/min", "2021-01-01", None),
    ("observation", "Height", LOINC, "8302-2", 70, "[in_i]", "2021-01-01", None),
]


@pytest.fixture(scope="module")
def patient_id(application, consultation) -> UUID:
    """A patient with lists, entries of an import, notes and a prescription."""

    def fill(session):
        actor = application.people[Role.STAFF]
        record = patients.get_patient(session, actor, consultation.patient_id)
        lists = {name: [*terms] for name, terms in LISTS.items()}
        patients.change(session, record.id, lists, version=record.version)
        names = ["kind", "term", "system", "code", "value", "unit", "since", "until"]
        for entry in ENTRIES:
            values = dict(zip(names, entry, strict=True))
            session.execute(text(ENTRY), {"patient_id": record.id, **values})

    application.database.write(fill, identity=SYSTEM)
    return consultation.patient_id


def summary_of(client, patient_id, **parameters) -> dict[str, Any]:
    path = f"/fhir/Patient/{patient_id}/$summary"
    answer = client.get(path, params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    bundle: dict[str, Any] = answer.json()
    validate(bundle)
    for entry in bundle["entry"]:
        validate(entry["resource"])
    assert problems_of(bundle) == []
    return bundle


def section(bundle, code) -> dict[str, Any]:
    [composition] = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Composition"
    ]
    [part] = [
        each
        for each in composition["section"]
        if each["code"]["coding"][0]["code"] == code
    ]
    return part


def resources_in(bundle, code) -> list[dict[str, Any]]:
    """Return the resources to which a section refers; all of them must exist."""
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    return [
        by_url[reference["reference"]]
        for reference in section(bundle, code).get("entry", ())
    ]


def words_of(resource) -> str:
    named = resource.get("code") or resource["medicationCodeableConcept"]
    return named["text"]


def reason(bundle, code) -> str:
    return section(bundle, code)["emptyReason"]["coding"][0]["code"]


def test_a_summary_is_a_document_that_begins_with_its_composition(as_role, patient_id):
    bundle = summary_of(as_role(Role.CLINICIAN), patient_id)

    composition = bundle["entry"][0]["resource"]
    assert (bundle["type"], composition["resourceType"]) == ("document", "Composition")
    assert composition["type"]["coding"][0]["code"] == "60591-5"
    codes = [part["code"]["coding"][0]["code"] for part in composition["section"]]
    assert codes == [PROBLEMS, MEDICATIONS, ALLERGIES, VITALS]
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert {composition["subject"]["reference"]} < set(urls)
    assert composition["author"][0]["reference"] in urls
    assert len(urls) == len(set(urls))


def test_what_is_served_is_told_as_it_is_read_and_has_its_address(as_role, patient_id):
    client = as_role(Role.CLINICIAN)

    bundle = summary_of(client, patient_id)

    served = [
        listed for listed in bundle["entry"] if not listed["fullUrl"].startswith("urn:")
    ]
    kinds = {entry["resource"]["resourceType"] for entry in served}
    assert kinds == {
        "AllergyIntolerance",
        "Condition",
        "Encounter",
        "MedicationRequest",
        "Observation",
        "Patient",
        "Practitioner",
    }
    for entry in served:
        path = entry["fullUrl"].removeprefix("http://testserver")
        assert client.get(path, headers=NEWEST).json() == entry["resource"]


def test_each_problem_is_told_once_with_the_code_and_the_dates_that_are_known(
    as_role, patient_id
):
    resources = resources_in(summary_of(as_role(Role.CLINICIAN), patient_id), PROBLEMS)

    by_words = {words_of(resource): resource for resource in resources}
    assert len(by_words) == len(resources) == 4
    asthma = by_words["Asthma"]
    assert asthma["code"]["coding"][0]["code"] == "195967001"
    assert asthma["clinicalStatus"]["coding"][0]["code"] == "resolved"
    assert asthma["abatementDateTime"] == "2010-01-01"
    assert "clinicalStatus" not in by_words["I think: gout"]
    assert by_words["Tired of it all"]["category"][0]["text"] == "Diagnosis of a visit"


def test_a_medication_is_the_prescription_of_it_or_a_statement(as_role, patient_id):
    resources = resources_in(summary_of(as_role(Role.STAFF), patient_id), MEDICATIONS)

    assert [
        (resource["resourceType"], words_of(resource)) for resource in resources
    ] == [
        ("MedicationRequest", LINE.drug),
        ("MedicationStatement", "Fish oil"),
    ]


def test_of_each_vital_sign_the_last_is_told_whoever_measured_it(as_role, patient_id):
    resources = resources_in(summary_of(as_role(Role.CLINICIAN), patient_id), VITALS)

    values = {
        words_of(resource): resource["valueQuantity"]["value"]
        for resource in resources
        if "valueQuantity" in resource
    }
    assert values == {"Pulse": 64, "Body weight": 82, "Height": 70}
    assert "Blood pressure" in {words_of(resource) for resource in resources}


def _break(bundle, kind, rule) -> dict[str, Any]:
    """Return the document with a resource of this type changed to break the rule."""
    broken = deepcopy(bundle)
    resource = next(
        resource
        for resource in (broken, *(entry["resource"] for entry in broken["entry"]))
        if resource["resourceType"] == kind
    )
    BREAKING[kind, rule](resource)
    return broken


def _drop(name):
    return lambda resource: resource.pop(name)


def _without(name):
    return lambda resource: [part.pop(name) for part in resource["section"]]


BREAKING = {
    ("Bundle", "identifier"): _drop("identifier"),
    ("Bundle", "timestamp"): _drop("timestamp"),
    ("Bundle", "entry.fullUrl"): lambda b: b["entry"][-1].pop("fullUrl"),
    ("Bundle", "entry:composition"): lambda b: b["entry"].insert(0, b["entry"][1]),
    ("Bundle", "entry:patient"): lambda b: b["entry"].append(b["entry"][1]),
    ("Bundle", "bdl-ips-1"): lambda b: b["entry"].append(b["entry"][0]),
    ("Composition", "type"): lambda c: c["type"]["coding"][0].update(code="60591-6"),
    ("Composition", "subject"): _drop("subject"),
    ("Composition", "section.text"): _without("text"),
    ("Composition", "section:48765-2"): lambda c: c["section"].pop(2),
    ("Composition", "ips-comp-1"): lambda c: c["section"][0].pop("entry"),
    ("Patient", "name"): _drop("name"),
    ("Patient", "birthDate"): _drop("birthDate"),
    ("Condition", "code"): _drop("code"),
    ("AllergyIntolerance", "patient.reference"): lambda a: a["patient"].clear(),
    ("MedicationStatement", "effective"): _drop("effectivePeriod"),
    ("Observation", "category"): _drop("category"),
    ("Observation", "effective"): _drop("effectiveDateTime"),
    ("Organization", "name"): _drop("name"),
}


@pytest.mark.parametrize(("kind", "rule"), BREAKING, ids=str)
def test_what_breaks_a_rule_of_ips_is_noticed(as_role, patient_id, kind, rule):
    bundle = summary_of(as_role(Role.CLINICIAN), patient_id)

    assert rule in RULES[kind]
    assert f"{kind} breaks {rule}" in problems_of(_break(bundle, kind, rule))


def test_what_a_document_refers_to_is_in_it(as_role, patient_id):
    bundle = summary_of(as_role(Role.CLINICIAN), patient_id)
    bundle["entry"] = [
        entry
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] != "MedicationStatement"
    ]

    [problem, misplaced] = problems_of(bundle)

    assert problem.startswith("Composition refers to urn:uuid:")
    assert misplaced == "Nothing is nothing for the section 10160-0"


def test_who_reads_no_notes_gets_the_record_and_is_told_what_is_withheld(
    as_role, patient_id
):
    bundle = summary_of(as_role(Role.PATIENT), patient_id)

    words = {words_of(resource) for resource in resources_in(bundle, PROBLEMS)}
    assert words == set(LISTS["medical_history"])
    assert reason(bundle, VITALS) == "withheld"
    assert {words_of(resource) for resource in resources_in(bundle, MEDICATIONS)} == {
        LINE.drug,
        "Fish oil",
    }


def test_words_of_a_record_are_no_markup_of_the_narrative(as_role, patient_id):
    bundle = summary_of(as_role(Role.STAFF), patient_id)

    assert "<li>Penicillin &lt;b&gt;</li>" in section(bundle, ALLERGIES)["text"]["div"]


def test_where_nothing_is_written_down_nobody_is_said_to_have_nothing(client, register):
    unasked, well = register(), register(no_known_allergies=True)

    bundle = summary_of(client, unasked["uuid"])
    [allergy] = resources_in(summary_of(client, well["uuid"]), ALLERGIES)

    for code in (PROBLEMS, MEDICATIONS, ALLERGIES):
        assert "entry" not in section(bundle, code)
    assert reason(bundle, MEDICATIONS) == reason(bundle, ALLERGIES) == "notasked"
    # The desk reads no notes, so it cannot be said what they contain.
    assert reason(bundle, PROBLEMS) == "withheld"
    assert allergy["code"]["coding"][0]["code"] == "716186003"


def test_ids_of_what_only_a_document_has_stay_and_tell_nothing(as_role, patient_id):
    first, second = (
        {
            entry["fullUrl"]
            for entry in summary_of(as_role(Role.STAFF), patient_id)["entry"]
            if entry["resource"]["resourceType"] == "MedicationStatement"
        }
        for _ in range(2)
    )

    assert first == second != set()


def test_a_summary_is_asked_for_by_parameters_too_and_of_ips_alone(client, register):
    path = f"/fhir/Patient/{register()['uuid']}/$summary"
    profile = "http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips"
    named = {"name": "profile", "valueUri": profile}
    sent = {"resourceType": "Parameters", "parameter": [named]}

    posted = client.post(path, sent)
    other = client.get(f"{path}?profile=http://example.org/Other")
    unknown = client.get(f"{path}?graph=x")

    assert posted.json()["type"] == "document"
    assert (other.status_code, unknown.status_code) == (400, 400)


def test_a_summary_is_asked_for_as_the_second_version_of_ips_has_it(client, register):
    path = f"/fhir/Patient/{register()['uuid']}/$summary"
    profile = "http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips"
    named = {"name": "profile", "valueCanonical": f"{profile}|2.0.0"}

    posted = client.post(path, {"resourceType": "Parameters", "parameter": [named]})

    assert posted.status_code == 200
    assert client.get(f"{path}?profile={profile}").status_code == 200


def test_nobody_gets_a_summary_of_somebody_whom_they_may_not_read(as_role, ada):
    path = f"/fhir/Patient/{ada['uuid']}/$summary"

    answers = {
        role: as_role(role).get(path, headers=NEWEST).status_code
        for role in (Role.CLINICIAN, Role.PATIENT, Role.ANALYST, Role.ADMIN)
    }

    assert list(answers.values()) == [404, 404, 403, 403]


def test_a_summary_is_in_the_audit_log(application, client, register):
    patient_id = register()["uuid"]

    summary_of(client, patient_id)

    assert "patient:read" in actions_about(application, patient_id)
