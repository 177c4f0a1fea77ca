"""What is imported from each kind of line, and what is refused."""

from datetime import date

import pytest

from services.demo.importing import records
from services.demo.importing.csv_lines import Rejected
from services.patients.records.model import Sex

TODAY = date(2026, 11, 20)
ADA = {
    "Id": "a1",
    "BIRTHDATE": "1980-05-17",
    "DEATHDATE": "",
    "FIRST": "Ada12",
    "LAST": "Byron345",
    "GENDER": "F",
    "ADDRESS": "12 Elm Road",
    "CITY": "Sutton",
    "ZIP": "SU1 2AB",
}
DORA = {
    "Id": "d1",
    "NAME": "Dora5 D'Amore61",
    "GENDER": "F",
    "SPECIALITY": "GENERAL PRACTICE",
    "CITY": "London",
}


def patient(**changes):
    return records.patient(tuple({**ADA, **changes}.values()), TODAY)


def doctor(**changes):
    return records.doctor(tuple({**DORA, **changes}.values()))


def condition(description, *, stop="", code="1", start="2001-04-02", key="a1"):
    return records.condition((start, stop, key, description, code))


def allergy(*, stop="", system="SNOMED-CT"):
    values = ("2001-04-02", stop, "a1", "Latex (substance)", "1003755004", system)
    return records.allergy(values)


def test_a_patient_is_taken_with_a_clean_name_and_an_address():
    arrival = patient()

    assert arrival.source_id == "a1"
    assert arrival.draft.first_name == "Ada"
    assert arrival.draft.last_name == "Byron"
    assert arrival.draft.sex is Sex.FEMALE
    assert arrival.draft.address == "12 Elm Road, Sutton, SU1 2AB"
    assert (arrival.draft.email, arrival.draft.phone_number) == (None, None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Marcell728", "Marcell"),
        ("José Eduardo181", "José Eduardo"),
        ("María José12 Gómez206", "María José Gómez"),
        ("O'Hara248", "O'Hara"),
        ("Anne12-Marie34", "Anne-Marie"),
        ("Ada", "Ada"),
        ("R2D2", "R2D"),
        ("728", "728"),
    ],
)
def test_only_the_digits_that_synthea_appends_are_taken_off(written, name):
    assert records.without_digits(written) == name


def test_an_address_leaves_out_what_is_not_known():
    assert patient(ADDRESS="", ZIP=" ").draft.address == "Sutton"
    assert patient(ADDRESS="", CITY="", ZIP="").draft.address is None


@pytest.mark.parametrize(
    ("gender", "sex"),
    [("M", Sex.MALE), ("f", Sex.FEMALE), ("O", Sex.OTHER), ("", Sex.UNKNOWN)],
)
def test_sexes_are_taken_over(gender, sex):
    assert patient(GENDER=gender).draft.sex is sex


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Id": " "}, "Id is missing"),
        ({"Id": "x" * 101}, "Id is longer than 100 characters"),
        ({"BIRTHDATE": ""}, "BIRTHDATE is not a date such as 1980-12-31"),
        ({"BIRTHDATE": "1980-02-30"}, "BIRTHDATE is not a date such as 1980-12-31"),
        ({"BIRTHDATE": "17.05.1980"}, "BIRTHDATE is not a date such as 1980-12-31"),
        ({"BIRTHDATE": "1899-12-31"}, "Date of birth must be between 1 January 1900"),
        ({"BIRTHDATE": "2026-11-21"}, "Date of birth must be between 1 January 1900"),
        ({"DEATHDATE": "soon"}, "DEATHDATE is not a date such as 1980-12-31"),
        ({"DEATHDATE": "1979-01-01"}, "DEATHDATE does not lie between BIRTHDATE and"),
        ({"DEATHDATE": "2026-11-21"}, "DEATHDATE does not lie between BIRTHDATE and"),
        ({"FIRST": ""}, "First name is missing"),
        ({"LAST": "x" * 51}, "Last name is too long"),
        ({"ADDRESS": "x" * 100}, "Address is too long"),
        ({"GENDER": "Q"}, "GENDER is not M or F"),
    ],
    ids=str,
)
def test_a_bad_patient_is_refused_with_a_reason_that_holds_no_value(changes, reason):
    with pytest.raises(Rejected, match=reason) as refusal:
        patient(**changes)

    [value] = changes.values()
    assert not value.strip() or value not in str(refusal.value)


def test_a_doctor_is_taken_with_a_speciality_that_does_not_shout():
    arrival = doctor()

    assert (arrival.name, arrival.speciality) == ("Dora D'Amore", "General practice")
    assert (arrival.sex, arrival.city) == (Sex.FEMALE, "London")
    assert doctor(CITY="").city is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Id": ""}, "Id is missing"),
        ({"NAME": " "}, "NAME is missing"),
        ({"NAME": "x" * 101}, "NAME is longer than 100 characters"),
        ({"SPECIALITY": ""}, "SPECIALITY is missing"),
        ({"CITY": "x" * 101}, "CITY is longer than 100 characters"),
    ],
    ids=str,
)
def test_a_bad_doctor_is_refused(changes, reason):
    with pytest.raises(Rejected, match=reason):
        doctor(**changes)


@pytest.mark.parametrize(
    ("description", "label"),
    [
        ("Pneumonia (disorder)", "Pneumonia"),
        ("Severe anxiety (panic) (finding", "Severe anxiety (panic)"),
        ("Localized  primary osteoarthritis", "Localized primary osteoarthritis"),
        ("Asthma", "Asthma"),
        ("Eggs (edible) (substance)", "Eggs (edible)"),
    ],
)
def test_labels_lose_snomeds_kind_and_nothing_else(description, label):
    assert condition(description).text == label


@pytest.mark.parametrize(
    ("description", "stop", "code", "is_listed"),
    [
        ("Pneumonia (disorder)", "", "1", True),
        ("Pneumonia (disorder)", "2001-05-02", "1", True),
        ("Cough (finding)", "", "1", True),
        ("Cough (finding)", "2001-05-02", "1", False),
        ("Suspected COVID-19", "2001-05-02", "1", False),
        ("Suspected COVID-19", "", "1", True),
    ],
)
def test_history_is_what_somebody_has_or_had(description, stop, code, is_listed):
    taken = condition(description, stop=stop, code=code)

    assert taken.is_listed is is_listed


@pytest.mark.parametrize(
    ("description", "code"),
    [("Homeless (finding)", "32911000"), ("Refugee (person)", "1")],
)
def test_how_somebody_lives_is_left_out(description, code):
    assert condition(description, code=code) is None


def medication(*, stop=""):
    return records.medication(("2001-04-02", stop, "a1", "Salbutamol inhaler", "4"))


@pytest.mark.parametrize("read", [allergy, medication])
def test_what_has_ended_is_no_current_allergy_or_medication(read):
    assert read().is_listed
    assert not read(stop="2001-05-02").is_listed


def test_dates_and_codes_are_kept_with_their_system():
    term = condition("Asthma (disorder)", code="195967001", stop="2003-01-31")

    assert (term.since, term.until) == (date(2001, 4, 2), date(2003, 1, 31))
    assert (term.system, term.code) == ("http://snomed.info/sct", "195967001")
    rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    assert allergy(system="RxNorm").system == medication().system == rxnorm


@pytest.mark.parametrize(
    ("written", "system"),
    [
        ("SNOMED-CT", "http://snomed.info/sct"),
        ("SNOMED", "http://snomed.info/sct"),
        ("RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
        ("Unknown", ""),
        ("", ""),
    ],
)
def test_an_allergy_has_the_system_that_each_version_of_synthea_names(written, system):
    assert allergy(system=written).system == system


def test_what_ends_before_it_begins_ends_on_that_day():
    assert condition("Asthma", stop="1999-01-01").until == date(2001, 4, 2)


def test_a_measured_value_is_kept_and_words_are_none():
    measured = ("2001-04-02", "a1", "Body Height", "8302-2", "171.5", "cm")
    smoking = ("2001-04-02", "a1", "Smoking status", "72166-2", "Never smoker", "")

    height, words = map(records.observation, (measured, smoking))

    assert (height.value, height.unit, height.until) == ("171.5", "cm", height.since)
    assert (words.value, words.unit) == (None, None)


def test_an_allergy_of_another_system_is_refused():
    with pytest.raises(Rejected, match="SYSTEM is not SNOMED-CT, RxNorm or Unknown"):
        allergy(system="ATC")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"start": "in spring"}, "START is not a date"),
        ({"stop": "later"}, "STOP is not a date"),
        ({"key": ""}, "PATIENT is missing"),
        ({"description": " "}, "DESCRIPTION is missing"),
        ({"description": "(disorder)"}, "DESCRIPTION is missing"),
        ({"description": "x" * 201}, "DESCRIPTION is longer than 200 characters"),
        ({"code": "1" * 21}, "CODE is longer than 20 characters"),
    ],
    ids=str,
)
def test_a_bad_term_is_refused(changes, reason):
    with pytest.raises(Rejected, match=reason):
        condition(**{"description": "Asthma", **changes})
