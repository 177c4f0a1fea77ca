"""Which names of drugs are recognised, and what is offered for those that are not."""

import csv

import pytest

from services.consultations.prescriptions.drug_classes import CLASSES
from services.consultations.prescriptions.drug_names import (
    corrections_of,
    forms_of,
    list_drugs,
    names,
    recognise,
    route_of,
)
from tests.services.demo.importing.test_real_synthea import SYNTHEA


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Amoxicilin 500 mg capsules", "Amoxicillin 500 mg capsules"),
        ("paracetemol", "Paracetamol"),
        ("Ibuprofin 400 mg", "Ibuprofen 400 mg"),
        ("Flucloxacilin", "Flucloxacillin"),
        ("metfromin 500 mg", "Metformin 500 mg"),
    ],
)
def test_a_misspelt_name_is_offered_as_it_is_written(typed, meant):
    assert not recognise(typed).is_known
    assert corrections_of(typed)[0] == meant


def test_what_is_spelt_right_is_not_corrected():
    for drug in ("Prednisone 5 mg", "Prednisolone 5 mg", "Hydroxyzine", "Hydralazine"):
        assert recognise(drug).is_known
        assert corrections_of(drug) == ()


def test_a_drug_that_is_named_alone_is_offered_as_it_is_dispensed():
    assert forms_of(" amoxicillin ") == (
        "Amoxicillin 250 mg capsules",
        "Amoxicillin 500 mg capsules",
        "Amoxicillin 250 mg/5 mL oral suspension",
    )
    assert forms_of("Amoxicillin 500 mg capsules") == ()


def test_each_form_that_is_offered_is_recognised():
    offered = [form for name in names().values() for form in forms_of(name)]

    assert len(offered) > 200
    assert [form for form in offered if not recognise(form).is_known] == []


def test_each_member_of_a_class_is_recognised():
    members = {word for words in CLASSES.values() for word in words if len(word) > 3}

    assert members <= names().keys()


@pytest.mark.skipif(
    not (SYNTHEA / "medications.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)
def test_real_prescriptions_are_recognised():
    with (SYNTHEA / "medications.csv").open(newline="") as rows:
        known = {
            row["DESCRIPTION"]: recognise(row["DESCRIPTION"]).is_known
            for row in csv.DictReader(rows)
        }

    assert sum(known.values()) >= 0.95 * len(known)


@pytest.mark.parametrize(
    ("drug", "route"),
    [
        ("Paracetamol 500 mg tablets", "oral"),
        ("Amoxicillin 250 mg/5 mL oral suspension", "oral"),
        ("Glyceryl trinitrate 500 micrograms sublingual tablets", "sublingual"),
        ("Chloramphenicol 0.5 % eye drops", "eye"),
        ("Chloramphenicol 1 % eye ointment", "eye"),
        ("Salbutamol 100 micrograms/dose inhaler", "inhaled"),
        ("Hydrocortisone 1 % cream", "on the skin"),
        ("Fentanyl 12 micrograms/hour patches", "transdermal"),
        ("Paracetamol 500 mg suppositories", "rectal"),
        ("Ondansetron 2 mg/mL solution for injection", ""),
        ("Paracetamol", ""),
    ],
)
def test_the_route_follows_from_the_form_where_that_says_it(drug, route):
    assert route_of(drug) == route


def test_every_form_of_the_list_but_devices_says_its_route():
    silent = [
        drug
        for drug in list_drugs()
        if drug in {form for name in list_drugs() for form in forms_of(name)}
        if not route_of(drug)
    ]

    # Into what an injection goes is not said by its form; nor is a system's way.
    devices = ("inject", "intrauterine")
    assert [drug for drug in silent if not any(d in drug for d in devices)] == []


def test_a_drug_is_listed_alone_and_in_its_forms_and_all_are_recognised():
    listed = list_drugs()

    place = listed.index("Amoxicillin")
    assert listed[place + 1] in forms_of("Amoxicillin")
    assert [drug for drug in listed if not recognise(drug).is_known] == []
