"""What is imported from FHIR bundles, what is not, and that nothing is taken twice."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from db.postgres import SYSTEM
from services.core.errors import NotAllowed
from services.demo import importing
from services.demo.importing.csv_lines import CannotImport
from services.demo.importing.fhir import bundles as files
from services.patients.records import patients, unique_emails
from tests.services.demo.importing.fhir_samples import (
    ABOUT_ADA,
    ADA,
    ALL,
    BEN,
    LOINC,
    RXNORM,
    SNOMED,
    ada,
    allergy,
    ben,
    concept,
    condition,
    encounter,
    medication,
    observation,
    reasons,
    status,
    write_bundle,
)
from tests.services.patients.duplicates import merge_samples

ICD_10 = "http://hl7.org/fhir/sid/icd-10"
ICD_10_GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICPC_2 = "http://hl7.org/fhir/sid/icpc-2"
# Of several codes SNOMED's is chosen, whatever the other says.
TWO_CODES = {
    "coding": [
        {"system": ICD_10, "code": "Z63.0"},
        {"system": SNOMED, "code": "4", "display": "Marital problem"},
    ]
}
ENDED = {"abatementDateTime": "2015-06-01", "clinicalStatus": {}}
DOWN = {"subject": {"reference": "Patient/nobody"}}


@pytest.fixture
def kept(engine):
    def kept(source_id: str = ADA) -> dict[str, Any]:
        wanted = text("SELECT * FROM patients WHERE source_id = :id")
        with engine.connect() as connection:
            rows = connection.execute(wanted, {"id": source_id}).mappings().all()
        [row] = rows
        return dict(row)

    return kept


@pytest.fixture
def entries(engine):
    def entries() -> dict[str, dict[str, Any]]:
        wanted = text("SELECT * FROM clinical_entries ORDER BY kind, code")
        with engine.connect() as connection:
            return {
                row["term"]: dict(row) for row in connection.execute(wanted).mappings()
            }

    return entries


def test_a_bundle_becomes_records_with_dates_and_codes(take, kept, entries, rejects):
    summaries = take(*ALL)

    row = kept()
    assert (row["first_name"], row["last_name"]) == ("Ada Augusta", "Byron")
    assert (row["date_of_birth"], row["sex"]) == (date(1980, 5, 17), "female")
    assert (row["address"], row["source"]) == ("12 Elm Road, Sutton, SU1", "fhir")
    assert row["allergies"] == ["Latex"]
    assert row["medical_history"] == ["Pneumonia", "Asthma"]
    assert row["current_medications"] == ["Salbutamol inhaler"]
    dated = {
        term: (
            entry["kind"],
            entry["system"],
            entry["code"],
            entry["started_on"],
            entry["ended_on"],
        )
        for term, entry in entries().items()
    }
    day = date(2020, 2, 3)
    assert dated == {
        "Latex": ("allergy", SNOMED, "1", date(1990, 3, 1), None),
        "Asthma": ("condition", SNOMED, "195967001", date(2001, 4, 2), None),
        "Pneumonia": ("condition", SNOMED, "2", date(2001, 4, 2), date(2001, 5, 2)),
        "Salbutamol inhaler": ("medication", RXNORM, "4", date(2012, 7, 7), None),
        "Systolic Blood Pressure": ("observation", LOINC, "8480-6", day, day),
        "Diastolic Blood Pressure": ("observation", LOINC, "8462-4", day, day),
        "Encounter for problem": ("encounter", SNOMED, "185347001", day, day),
    }
    systolic = entries()["Systolic Blood Pressure"]
    assert (systolic["value"], systolic["unit"]) == (Decimal(121), "mm[Hg]")
    assert reasons(rejects) == []
    assert (summaries["Organization"].left_out, summaries["Patient"].resources) == (
        1,
        2,
    )


def test_who_has_died_is_kept_with_the_day(take, kept):
    take(ben())

    assert kept(BEN)["deceased_on"] == date(2019, 6, 30)


def test_a_second_run_changes_nothing_and_a_correction_is_taken(take, kept, entries):
    take(*ALL)
    before, dated = kept(), entries()

    again = take(*ALL)["Patient"].outcome
    assert (kept(), entries()) == (before, dated)
    corrected = take(ada(), condition())["Patient"].outcome

    assert (again.new, again.updated, again.unchanged) == (0, 0, 2)
    assert corrected.updated == 1
    assert (kept()["allergies"], [*entries()]) == ([], ["Asthma"])


def test_what_people_edited_stays(take, kept, engine):
    take(*ALL)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE patients SET last_name = 'King', version = version + 1 "
                "WHERE source_id = :id"
            ),
            {"id": ADA},
        )

    outcome = take(*ALL)["Patient"].outcome

    assert kept()["last_name"] == "King"
    assert (outcome.kept, outcome.unchanged) == (1, 1)


def test_what_a_merge_has_moved_stays(take, entries, engine, *, clerk, database, today):
    of_ben = {"subject": {"reference": f"Patient/{BEN}"}}
    everything = ada(), ben(), condition(), condition("Gout", "3", **of_ben)
    take(*everything)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT source_id, id FROM patients")).all()
    ids = dict(rows)

    def merge(session):
        kept, merged = (patients.look_up(session, clerk, ids[i]) for i in (ADA, BEN))
        merge_samples.merge(session, clerk, (kept, merged), today, kept.draft())

    database.write(merge, identity=SYSTEM)
    dated = entries()

    take(*everything)

    assert entries() == dated
    assert {entry["patient_id"] for entry in dated.values()} == {ids[ADA]}
    assert [*dated] == ["Asthma", "Gout"]


def test_files_of_a_folder_are_one_import(take, kept, tmp_path):
    folder = tmp_path / "fhir"
    folder.mkdir()
    write_bundle(folder / "a.json", condition(subject={"reference": f"Patient/{ADA}"}))
    write_bundle(folder / "b.json", ada())
    (folder / "notes.txt").write_text("no bundle")

    take(path=folder)

    assert kept()["medical_history"] == ["Asthma"]


@pytest.mark.parametrize(
    ("reference", "id_"),
    [
        (f"Patient/{ADA}", ADA),
        (f"https://example.org/fhir/Patient/{ADA}", ADA),
        (f"https://example.org/fhir/Patient/{ADA}/_history/3", ADA),
        (f"urn:uuid:{ADA}", ADA),
        (f"Group/{ADA}", ""),
        ("urn:uuid:a\x00b", ""),
        ("Patient/a b", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_reference_is_read_in_each_way_that_fhir_knows(reference, id_):
    assert files.Bundle({}).id_of({"reference": reference}, "Patient") == id_


def test_an_address_that_two_patients_share_leads_to_neither(tmp_path):
    """A diagnosis that refers to it could be of either."""
    url = "https://one.example/fhir/Patient/x"
    people = [{"fullUrl": url, "resource": each} for each in (ada(), ben())]
    about = {"resource": condition(subject={"reference": url})}
    sent = {"resourceType": "Bundle", "type": "collection", "entry": [*people, about]}
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(sent))

    *_, entry = files.Bundles.find(file).resources()

    assert entry.bundle.id_of(entry.resource["subject"], "Patient") == "x"
    ids = [entry.bundle.by_address[f"Patient/{id_}"]["id"] for id_ in (ADA, BEN)]
    assert ids == [ADA, BEN]


@pytest.mark.parametrize(
    ("resource", "listed"),
    [
        (condition("Stress (finding)", "73595000"), None),
        (condition(code=concept(ICD_10, "Z59.0", "Homelessness")), None),
        (condition(code=concept(f"{ICD_10}-cm", "Z560", "Unemployment")), None),
        (condition(code=concept(ICD_10_GM, "T74.1", "Abuse")), None),
        (condition(code=concept(ICPC_2, "Z06", "Unemployment problem")), None),
        (condition(code=TWO_CODES), None),
        (condition(category=[status("condition-category", "sdoh")]), None),
        # It ended, and its beginning is unknown.
        (
            condition("Cough (finding)", "3", onsetDateTime="", **ENDED),
            ("medical_history", []),
        ),
        (condition(verificationStatus=status("condition-ver-status", "refuted")), None),
        (allergy("No known allergy (situation)", "716186003"), None),
        (allergy(clinicalStatus=status("x", "resolved")), ("allergies", [])),
        (medication(status="stopped"), ("current_medications", [])),
        (medication(status="cancelled"), None),
        (medication(intent="plan"), None),
        (observation(category=[status("x", "laboratory")]), None),
        (observation(status="entered-in-error"), None),
        (encounter(status="planned"), None),
    ],
)
def test_what_does_not_hold_is_in_no_list(take, kept, entries, resource, listed):
    summary = take(ada(), resource)[resource["resourceType"]]

    row = kept()
    lists = ("allergies", "medical_history", "current_medications")
    assert [row[name] for name in lists] == [[], [], []]
    assert (summary.left_out, summary.rejected) == (int(listed is None), 0)
    # What has ended is an entry of the past.
    assert [entry["ended_on"] is None for entry in entries().values()] == (
        [] if listed is None else [False]
    )


def test_what_has_no_day_is_in_its_list_and_no_entry(take, kept, entries):
    take(ada(), allergy(recordedDate=""))

    assert (kept()["allergies"], entries()) == (["Latex"], {})


def test_a_drug_of_its_own_resource_is_found_in_the_bundle(take, kept):
    drug = {
        "resourceType": "Medication",
        "id": "drug",
        "code": concept(RXNORM, "9", "Cisplatin"),
    }
    request = medication(medicationReference={"reference": "urn:uuid:drug"})
    del request["medicationCodeableConcept"]
    said = {
        "resourceType": "MedicationStatement",
        "id": "said",
        "status": "active",
        "medicationCodeableConcept": {"text": "Fish oil"},
        "subject": ABOUT_ADA,
        "effectivePeriod": {"start": "2019"},
    }

    take(ada(), drug, request, said)

    assert kept()["current_medications"] == ["Cisplatin", "Fish oil"]


def test_a_drug_that_its_request_contains_is_found_there(take, kept, rejects):
    drug = {
        "resourceType": "Medication",
        "id": "drug",
        "code": concept(RXNORM, "9", "Cisplatin"),
    }
    request = medication(
        contained=["nothing", {"id": "other"}, drug],
        medicationReference={"reference": "#drug"},
    )
    del request["medicationCodeableConcept"]
    lost = request | {"id": "lost", "medicationReference": {"reference": "#"}}

    take(ada(), request, lost)

    assert kept()["current_medications"] == ["Cisplatin"]
    assert [row[2:] for row in reasons(rejects)] == [
        ["lost", "medicationReference is of no Medication of the bundle"]
    ]


def test_what_is_over_and_began_nobody_knows_when_is_an_entry_of_its_last_day(
    take, kept, entries
):
    take(ada(), condition("Pneumonia (disorder)", "2", onsetDateTime="", **ENDED))

    [entry] = entries().values()
    day = date(2015, 6, 1)
    assert (entry["started_on"], entry["ended_on"]) == (day, day)


def test_marks_of_direction_are_left_out_as_on_pages(take, kept):
    take(ada(), condition("\u200fAs\u202eth\u202cma\u2069 (disorder)", "2"))

    assert kept()["medical_history"] == ["Asthma"]


@pytest.mark.parametrize("code", ["Z76.0", "J45.9", "T73.0"])
def test_what_classifications_call_no_social_problem_is_taken(take, kept, code):
    take(ada(), condition(code=concept(ICD_10, code, "Something else")))

    assert kept()["medical_history"] == ["Something else"]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (ada(birthDate="1980-05"), "birthDate is no whole day such as 1980-12-31"),
        (ada(birthDate="17.5.1980"), "birthDate is no whole day such as 1980-12-31"),
        (ada(gender="f"), "gender is not male, female, other or unknown"),
        (ada(name="Ada"), "name is no list of elements"),
        (ada(name=[{"family": "By\x07ron"}]), "family holds control characters"),
        (
            ada(deceasedBoolean=True),
            "deceasedBoolean says that the patient has died, and not when",
        ),
        (
            ada(deceasedDateTime="1970-01-01"),
            "deceasedDateTime does not lie between birthDate and today",
        ),
        (condition(**DOWN), "it is about no Patient that could be taken"),
        (condition(subject="Ada"), "subject is no Patient"),
        (
            condition(code={}),
            "code says nothing in words: text and display are missing",
        ),
        (condition("(disorder)"), "code says nothing but its kind"),
        (
            condition(onsetDateTime="soon"),
            "onsetDateTime is no date such as 1980-12-31",
        ),
        (condition(code=concept(SNOMED, "1" * 21, "x")), "code is longer than 20"),
        (medication(medicationCodeableConcept={}), "medicationReference is of no"),
        (observation(effectiveDateTime=""), "effectiveDateTime is missing"),
        (encounter(period={}), "period.start is missing"),
    ],
)
def test_what_cannot_be_taken_is_listed_by_type_and_id(take, rejects, resource, reason):
    others = () if resource["resourceType"] == "Patient" else (ada(),)

    summaries = take(*others, resource, ben())

    [[file, type_, id_, rejection]] = reasons(rejects)
    assert (file, type_, id_) == (
        "bundle.json",
        resource["resourceType"],
        resource["id"],
    )
    assert rejection.startswith(reason)
    assert summaries[type_].rejected == 1
    assert summaries["Patient"].outcome.new == 1 + bool(others)


def test_who_stands_twice_is_taken_once(take, kept, rejects):
    take(ada(), ada(gender="other"))

    assert kept()["sex"] == "female"
    [row] = reasons(rejects)
    assert row[3] == "a Patient with this id came before"


GRACE = {"name": [{"family": "Hopper", "given": ["Grace"]}], "birthDate": "1906-12-09"}


def test_nobody_takes_the_place_of_somebody_with_the_same_id(
    take, kept, entries, rejects
):
    take(*ALL)
    before, dated = kept(), entries()

    take(ada(**GRACE), condition("Gout (disorder)", "3"))

    assert (kept(), entries()) == (before, dated)
    assert [reason for *_, reason in reasons(rejects)] == [
        "somebody else has this id: family and birthDate both differ",
        "it is about no Patient that could be taken",
    ]


@pytest.mark.parametrize("name", GRACE)
def test_a_name_or_a_day_of_birth_is_corrected(take, name):
    take(ada())

    outcome = take(ada(**{name: GRACE[name]}))["Patient"].outcome

    assert (outcome.new, outcome.updated) == (0, 1)


def test_of_two_people_with_one_id_neither_is_taken(take):
    summaries = take(ada(), ada(**GRACE), condition())

    patients = summaries["Patient"]
    assert (patients.rejected, patients.outcome.new) == (2, 0)
    assert summaries["Condition"].rejected == 1


def test_a_vital_sign_has_its_code_of_loinc_whatever_stands_before_it(take, entries):
    code = concept(LOINC, "8867-4", "Heart rate")
    code["coding"].insert(0, {"system": SNOMED, "code": "364075005"})
    value = {"value": 61, "unit": "/min"}

    take(ada(), observation(code=code, component=[], valueQuantity=value))

    pulse = entries()["Heart rate"]
    assert (pulse["system"], pulse["code"], pulse["value"]) == (LOINC, "8867-4", 61)


def test_of_two_measurements_of_a_day_the_number_keeps_its_own_unit(take, entries):
    """They are one entry, and 158.7 pounds must not become 158.7 kg."""
    code = concept(LOINC, "29463-7", "Body weight")
    weights = [
        observation(
            id=unit,
            code=code,
            component=[],
            valueQuantity={"value": value, "code": unit},
        )
        for value, unit in ((72, "kg"), (158.7, "[lb_av]"))
    ]

    take(ada(), *weights)

    weight = entries()["Body weight"]
    assert (float(weight["value"]), weight["unit"]) == (158.7, "[lb_av]")


def test_a_code_under_two_names_of_its_system_is_one_entry(take, entries):
    code = concept("urn:oid:2.16.840.1.113883.6.96", "195967001", "Asthma")
    resources = (ada(), condition(id="again", code=code), condition())

    take(*resources)
    first = entries()
    take(*resources)

    assert entries() == first
    assert first["Asthma"]["system"] == SNOMED


def test_a_list_of_rejects_tells_nothing_of_what_was_sent(take, rejects):
    secret = "SECRET"
    summaries = take(
        ada(id=f"a {secret}"),
        condition(resourceType=f"{secret} "),
        condition(id=[secret], onsetDateTime=secret),
        secret,
    )

    assert len(reasons(rejects)) == 3
    assert secret not in rejects.read_text()
    assert sorted(summaries) == ["?", "Condition", "Patient"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"name": "SECRET', "bad.json is no JSON: line 1 cannot be read."),
        ("[" * 100_000, "bad.json is no JSON"),
        (json.dumps(ada()), "bad.json is no Bundle of FHIR but a Patient."),
        (json.dumps({"resourceType": "SECRET 1"}), "bad.json is no Bundle of FHIR."),
        ("[]", "bad.json is no Bundle of FHIR."),
        (
            json.dumps({"resourceType": "Bundle", "type": "history", "entry": []}),
            "bad.json is no bundle of the type transaction",
        ),
        (
            json.dumps({"resourceType": "Bundle", "type": "batch", "entry": {}}),
            "bad.json is no bundle of the type transaction",
        ),
    ],
)
def test_a_file_that_is_no_bundle_ends_the_import_in_a_sentence(
    take, engine, tmp_path, content, sentence
):
    folder = tmp_path / "fhir"
    folder.mkdir()
    write_bundle(folder / "a.json", ada())
    (folder / "bad.json").write_text(content)

    with pytest.raises(CannotImport) as refused:
        take(path=folder)

    assert str(refused.value).startswith(sentence)
    assert "SECRET" not in str(refused.value)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM patients")) == 0


def test_what_is_not_there_or_too_large_is_refused_before_anything_is_read(
    tmp_path,
):
    with pytest.raises(CannotImport, match="There is no"):
        importing.Bundles.find(tmp_path / "nowhere.json")
    with pytest.raises(CannotImport, match=r"There is no \.json file"):
        importing.Bundles.find(tmp_path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    with pytest.raises(CannotImport, match=r"large\.json has 128 MB and at most"):
        importing.Bundles.find(large)


def test_only_who_may_import_records_imports_bundles(database, clerk, tmp_path, today):
    bundles = importing.Bundles(())
    listed = importing.RejectsFile(tmp_path / "rejects.csv")

    with pytest.raises(NotAllowed):
        database.write(
            lambda session: importing.import_fhir(
                session, clerk, bundles, listed, today=today
            ),
            identity=SYSTEM,
        )


TELECOM = [
    {"system": "phone", "value": "+44 20 7946 0000", "use": "old", "rank": 1},
    {"system": "fax", "value": "+44 20 7946 0001", "rank": 1},
    {"system": "phone", "value": "tel:+44-20-7946-0002"},
    {"system": "phone", "value": "+44 7700 900123", "use": "mobile", "rank": 1},
    {"system": "email", "value": "k@example.org", "rank": 1, "period": {"end": "2019"}},
    {"system": "email", "value": "ada@example.org"},
]


def test_contacts_are_taken_only_if_that_is_wanted(take, kept):
    take(ada(telecom=TELECOM))
    without = kept()
    take(ada(telecom=TELECOM), with_contacts=True)
    taken = kept()
    # Fields that a run without contacts does not include stay.
    take(ada(address=[]))
    later = kept()

    assert (without["email"], without["phone_number"]) == (None, None)
    contacts = ("ada@example.org", "+447700900123")
    assert (taken["email"], taken["phone_number"]) == contacts
    assert (later["email"], later["phone_number"]) == contacts
    assert later["address"] is None


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        ({"system": "email", "value": "ada at home"}, "E-mail is not an address"),
        ({"system": "phone", "value": "12"}, "Phone number must have 10 to 15 digits"),
    ],
)
def test_a_contact_that_is_none_is_told_without_its_words(
    take, rejects, contact, reason
):
    take(ada(telecom=[contact]), with_contacts=True)

    [[*_, rejection]] = reasons(rejects)
    assert rejection.startswith(reason)
    assert contact["value"] not in rejection


def test_where_each_address_is_of_one_patient_nobody_gets_anothers(
    take, kept, rejects, database, admin
):
    database.write(
        lambda session: unique_emails.require_unique(session, admin, is_wanted=True),
        identity=SYSTEM,
    )
    take(ada(telecom=TELECOM), ben(telecom=TELECOM[-1:]), with_contacts=True)
    together = reasons(rejects)
    upper = TELECOM[-1] | {"value": "ADA@example.org"}
    take(ben())
    about_ben = condition(subject={"reference": f"urn:uuid:{BEN}"})
    take(ben(telecom=[upper]), about_ben, with_contacts=True)
    alone = reasons(rejects)
    take(ada(telecom=[upper]), with_contacts=True)

    assert [row[2] for row in together] == [BEN]
    # Nor is anything imported that is about a rejected patient.
    assert [row[2] for row in alone] == [BEN, about_ben["id"]]
    for rejections in (together, alone):
        assert rejections[0][3].startswith(
            "telecom: the e-mail address is of another patient"
        )
    assert kept()["email"] == "ADA@example.org"


def test_whose_address_it_is_keeps_it_although_another_comes_first(
    take, kept, rejects, database, admin
):
    database.write(
        lambda session: unique_emails.require_unique(session, admin, is_wanted=True),
        identity=SYSTEM,
    )
    take(ada(telecom=TELECOM), with_contacts=True)

    later = ada(telecom=TELECOM, address=[])
    take(ben(telecom=TELECOM[-1:]), later, allergy(), with_contacts=True)

    assert [row[2] for row in reasons(rejects)] == [BEN]
    assert (kept()["address"], kept()["allergies"]) == (None, ["Latex"])
