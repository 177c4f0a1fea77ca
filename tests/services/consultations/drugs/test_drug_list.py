"""Which names of drugs are recognised, and what is offered for those that are not."""

import csv

import pytest

from services.consultations.drugs import BUILT_IN, CLASSES, ClinicDrug, DrugList
from services.consultations.prescriptions.allergies import (
    NOT_RECOGNISED,
    find_warning,
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
    assert not BUILT_IN.recognise(typed).is_known
    assert BUILT_IN.corrections_of(typed)[0] == meant


def test_what_is_spelt_right_is_not_corrected():
    for drug in ("Prednisone 5 mg", "Prednisolone 5 mg", "Hydroxyzine", "Hydralazine"):
        assert BUILT_IN.recognise(drug).is_known
        assert BUILT_IN.corrections_of(drug) == ()


def test_a_drug_that_is_named_alone_is_offered_as_it_is_dispensed():
    assert BUILT_IN.forms_of(" amoxicillin ") == (
        "Amoxicillin 250 mg capsules",
        "Amoxicillin 500 mg capsules",
        "Amoxicillin 250 mg/5 mL oral suspension",
    )
    assert BUILT_IN.forms_of("Amoxicillin 500 mg capsules") == ()


def test_each_form_that_is_offered_is_recognised():
    offered = [
        form for name in BUILT_IN.names.values() for form in BUILT_IN.forms_of(name)
    ]

    assert len(offered) > 200
    assert [form for form in offered if not BUILT_IN.recognise(form).is_known] == []


def test_each_member_of_a_class_is_recognised():
    members = {word for words in CLASSES.values() for word in words if len(word) > 3}

    assert members <= BUILT_IN.names.keys()


OWN = (
    ClinicDrug(
        "Zyrafen", "tablets", "400 mg", "oral", "M01AE01", ("Ibuprofen",), False
    ),
    ClinicDrug("Mopen forte", "capsules", ingredients=("Amoxicillin trihydrate",)),
    ClinicDrug("ASS", "tablets", "100 mg", ingredients=("Acetylsalicylic acid",)),
    ClinicDrug("Kezolin", atc_code="J01DB04", ingredients=("Cefazolinum",)),
    ClinicDrug("Trazyl", ingredients=("Tramadolhydrochlorid",)),
    ClinicDrug("Oldex", ingredients=("Metformin",), is_retired=True),
)
CLINICS = DrugList(OWN, has_built_in=False)


@pytest.mark.parametrize(
    ("drug", "allergy", "words"),
    [
        ("Zyrafen 400 mg tablets", "Ibuprofen", "allergic to Ibuprofen"),
        ("Zyrafen", "Naproxen", "the same class: NSAIDs"),
        ("Naproxen", "Zyrafen", "the same class: NSAIDs"),
        ("mopen FORTE capsules", "Penicillin V", "the same class: penicillins"),
        ("ASS 100 mg tablets", "aspirin", "allergic to aspirin"),
        ("ASS 100 mg tablets", "Naproxen", "the same class: NSAIDs"),
        # By its ATC code alone: the list spells the ingredient in its own way.
        ("Kezolin", "Cefalexin", "the same class: cephalosporins"),
        ("Kezolin", "Penicillin V", "sometimes are to this as well"),
        ("Trazyl", "Morphine", "the same class: opioids"),
    ],
)
def test_a_brand_of_the_clinic_is_checked_by_what_is_in_it(drug, allergy, words):
    assert words in find_warning(drug, (allergy,), CLINICS)


@pytest.mark.parametrize("drug", ["Zyrafen 400 mg tablets", "ASS 100 mg", "Oldex"])
def test_a_brand_of_the_clinic_is_known_and_nothing_stands_against_it(drug):
    assert find_warning(drug, ("Penicillin V",), CLINICS) == ""


@pytest.mark.parametrize(
    "drug", ["Zzyzx forte", "Zyrafn", "Metoprolol", "Mopen", "trihydrate"]
)
def test_what_is_none_of_the_clinics_names_is_not_recognised(drug):
    assert find_warning(drug, (), CLINICS).startswith(NOT_RECOGNISED)


def test_a_misspelt_brand_is_offered_as_it_is_written():
    assert CLINICS.corrections_of("Zyrafenn 400 mg") == ("Zyrafen 400 mg",)


def test_a_brand_that_is_nearly_a_substance_is_no_misspelling():
    listed = DrugList([ClinicDrug("Amoxicilan", ingredients=("Zinc oxide",))])

    assert find_warning("Amoxicilan", (), listed) == ""


def test_the_clinics_own_list_offers_its_drugs_in_their_forms_but_no_retired_one():
    assert CLINICS.offered == (
        "ASS",
        "ASS 100 mg tablets",
        "Kezolin",
        "Mopen forte",
        "Mopen forte capsules",
        "Trazyl",
        "Zyrafen",
        "Zyrafen 400 mg tablets",
    )
    assert CLINICS.forms_of("zyrafen") == ("Zyrafen 400 mg tablets",)
    assert CLINICS.route_of("Zyrafen 400 mg tablets") == "oral"


def test_both_lists_are_offered_as_one_with_the_forms_of_either():
    own = ClinicDrug("Amoxicillin", "suspension", "125 mg/5 mL")
    both = DrugList([own, *OWN])

    assert {"Zyrafen", "Paracetamol"} <= set(both.offered)
    assert both.forms_of("Amoxicillin")[:2] == (
        "Amoxicillin 125 mg/5 mL suspension",
        "Amoxicillin 250 mg capsules",
    )
    assert len(set(both.offered)) == len(both.offered)


@pytest.mark.skipif(
    not (SYNTHEA / "medications.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)
def test_real_prescriptions_are_recognised():
    with (SYNTHEA / "medications.csv").open(newline="") as rows:
        known = {
            row["DESCRIPTION"]: BUILT_IN.recognise(row["DESCRIPTION"]).is_known
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
    assert BUILT_IN.route_of(drug) == route


def test_every_form_of_the_list_but_devices_says_its_route():
    silent = [
        drug
        for drug in BUILT_IN.offered
        if drug
        in {form for name in BUILT_IN.offered for form in BUILT_IN.forms_of(name)}
        if not BUILT_IN.route_of(drug)
    ]

    # The form of an injection does not say where it goes, nor that of a system its
    # route.
    devices = ("inject", "intrauterine")
    assert [drug for drug in silent if not any(d in drug for d in devices)] == []


def test_a_drug_is_listed_alone_and_in_its_forms_and_all_are_recognised():
    listed = BUILT_IN.offered

    place = listed.index("Amoxicillin")
    assert listed[place + 1] in BUILT_IN.forms_of("Amoxicillin")
    assert [drug for drug in listed if not BUILT_IN.recognise(drug).is_known] == []


@pytest.mark.parametrize(
    ("drug", "other"),
    [
        ("Ibuprofen 400 mg tablets", "ibuprofen 600"),
        ("Nurofen", "Ibuprofen 400 mg tablets"),
        ("Paracetamol", "Co-codamol"),
        ("Acetaminophen", "Paracetamol 500 mg"),
    ],
)
def test_the_same_substance_is_a_duplicate_by_any_name(drug, other):
    assert BUILT_IN.duplicates_of(drug, ("Ramipril", other)) == (other,)


@pytest.mark.parametrize(
    ("drug", "other"),
    [
        ("Ibuprofen", "Naproxen"),
        ("Metformin retard", "Diclofenac retard"),
        ("Sodium valproate", "Diclofenac sodium"),
        ("Zzyzxol", "Zzyzxol"),
        ("", "Ibuprofen"),
    ],
)
def test_other_words_make_no_duplicate(drug, other):
    assert BUILT_IN.duplicates_of(drug, (other,)) == ()


def test_a_brand_of_the_clinic_is_a_duplicate_of_what_is_in_it():
    drugs = DrugList((ClinicDrug("Dolofix", ingredients=("Ibuprofen",)),))

    assert drugs.duplicates_of("Dolofix", ("Nurofen",)) == ("Nurofen",)
