"""Which drugs an allergy warns about."""

import re

import pytest

from services.consultations.drugs import BUILT_IN, CLASSES, ClinicDrug, DrugList
from services.consultations.prescriptions.allergies import (
    NOT_RECOGNISED,
    find_match,
    find_unrecognised,
    find_warning,
)


@pytest.mark.parametrize(
    ("drug", "allergy"),
    [
        ("Penicillin V 250 mg", "Penicillin V"),
        ("Amoxicillin 500 mg capsules", "Penicillin V"),
        ("Co-amoxiclav", "Allergy to penicillin"),
        ("Cefalexin", "Penicillin V"),
        ("Ibuprofen 400 mg", "Aspirin"),
        ("naproxen", "NSAIDs"),
        ("Bactrim", "Sulfamethoxazole / Trimethoprim"),
        ("SULFADIAZINE", "Sulfonamide"),
        ("Paracétamol", "paracetamol"),
        ("Morphine", "Opioids"),
        ("Lisinopril 10 MG Oral Tablet", "Ramipril"),
        ("Ramipril", "ACE inhibitors"),
        ("Amoxicillin", "Penicilin"),
        ("Ibuprofen", "Asprin"),
    ],
)
def test_the_name_or_the_class_warns(drug, allergy):
    warning = find_match(drug, ("Latex", allergy))

    assert warning is not None
    assert allergy in warning


@pytest.mark.parametrize(
    ("drug", "allergy"),
    [
        ("Paracetamol 500 mg", "Penicillin V"),
        ("Amoxicillin", "Shellfish"),
        ("Sodium chloride solution", "Diclofenac sodium"),
        ("Azithromycin", "Penicillin V"),
        ("Lisinopril 10 MG Oral Tablet", "Oral contraceptive tablet"),
        ("Folic acid", "Acetylsalicylic acid"),
        ("Proton pump inhibitors", "ACE inhibitors"),
        ("Salbutamol", "Tree pollen (substance)"),
        ("Beclometasone inhaler", "Salbutamol inhaler"),
        ("Sodium chloride", "Suxamethonium chloride"),
    ],
)
def test_what_has_nothing_to_do_with_it_does_not(drug, allergy):
    assert find_match(drug, (allergy,)) is None


@pytest.mark.parametrize(
    ("drug", "allergy"),
    [
        # The same substance by another name.
        ("Acetaminophen 500 mg tablets", "Paracetamol"),
        ("Paracetamol 500 mg", "Tylenol (acetaminophen)"),
        ("Salbutamol inhaler", "Albuterol"),
        ("Pethidine", "Meperidine"),
        ("Glyceryl trinitrate spray", "Nitroglycerin"),
        ("Aspirin 75 mg tablets", "Acetylsalicylsäure"),
        ("Ibuprofen 400 mg", "ASS"),
        ("Mesalazine", "5-ASA"),
        ("Amoxicillin", "PCN"),
        # An ingredient of a combination, and of a brand.
        ("Co-codamol", "Codeine"),
        ("Co-codamol", "Acetaminophen"),
        ("Morphine", "Co-codamol"),
        ("Co-dydramol", "Paracetamol"),
        ("Co-trimoxazole", "Trimethoprim"),
        ("Trimethoprim 200 mg", "Co-trimoxazole"),
        ("Trimethoprim 200 mg", "TMP-SMX"),
        ("Amoxicillin-clavulanate", "Clavulanic acid"),
        ("Co-amoxiclav", "Clavulanic acid"),
        ("Mirena", "Levonorgestrel"),
        ("Humulin", "Insulin"),
        ("Diclofenac 1 % gel", "Voltaren"),
        ("Paracetamol", "Vicodin"),
        ("Cefalexin", "Augmentin"),
        # All of a class, as people write it.
        ("Co-trimoxazole", "Sulfa"),
        ("Sulfadiazine", "Sulfa drugs"),
        ("Sulfasalazine", "Sulpha-allergy"),
        ("Ciprofloxacin", "Quinolones"),
        ("Cefalexin", "Beta-lactam antibiotics"),
        ("Lisinopril", "ACE-inhibitor"),
        ("Lisinopril", "ACE-Hemmer"),
        ("Simvastatin", "Cerivastatin"),
        ("Lidocaine", "Local anesthetics"),
        ("Lidocaine", "Lokalanästhetika"),
        ("Clarithromycin", "Makrolide"),
        ("Doxycycline", "Tetrazykline"),
        ("Levofloxacin", "Chinolone"),
        ("Naproxen", "NSAR"),
        ("Gentamicin", "Aminoglykoside"),
        ("Metamizole", "Aspirin"),
        # Words that begin with a name.
        ("Tramadolhydrochlorid", "Opioide"),
        ("Codeinphosphat", "Codeine"),
        ("Amoxicillin", "Penicillinallergie"),
        ("Metamizol", "Ibuprofenunverträglichkeit"),
    ],
)
def test_a_drug_is_known_by_all_its_names_and_by_what_is_in_it(drug, allergy):
    warning = find_match(drug, ("Latex", allergy))

    assert warning is not None
    assert allergy in warning


# How the WHO's names of a class end or begin.
STEMS = {
    "penicillins": "cillin$",
    "cephalosporins": "^ce(f|ph)",
    "carbapenems": "penem$",
    "sulfonamides": "^sulfa",
    "macrolides": "thromycin$",
    "tetracyclines": "cycline$",
    "fluoroquinolones": "floxacin$",
    "NSAIDs": "(oxicam|profen|fenac|coxib)$",
    "opioids": "(fentanyl|fentanil|codone|morphone|codeine)$",
    "ACE inhibitors": "pril$",
    "statins": "vastatin$",
    "local anaesthetics": "caine$",
    "heparins": "parin$",
}


@pytest.mark.parametrize("group", STEMS)
def test_no_drug_of_the_list_is_left_out_of_its_class(group):
    of_stem = {name for name in BUILT_IN.names if re.search(STEMS[group], name)}

    assert of_stem
    assert of_stem - CLASSES[group] == set()


@pytest.mark.parametrize(
    ("atc_code", "allergy"),
    [
        ("B01AC06", "Ibuprofen"),
        ("M02AA15", "NSAIDs"),
        ("J01DI02", "Cefalexin"),
        ("N01AH01", "Morphine"),
        ("R05DA04", "Codeine"),
        ("N07BC02", "Opioids"),
        ("C10BA05", "Simvastatin"),
        ("B01AX05", "Heparin"),
        ("D04AB01", "Lidocaine"),
        ("S01AE03", "Ciprofloxacin"),
        ("D06AX07", "Gentamicin"),
    ],
)
def test_a_brand_of_the_clinic_belongs_to_the_class_of_its_code(atc_code, allergy):
    own = DrugList([ClinicDrug("Zyrafen", atc_code=atc_code, ingredients=("Zyra",))])

    assert find_match("Zyrafen", (allergy,), own) is not None


@pytest.mark.parametrize(
    ("drug", "allergy"),
    [
        ("Nystatin oral suspension", "Simvastatin"),
        ("Simvastatin", "Nystatin"),
        ("Magnesium sulfate", "Sulfa"),
        ("Penicillamine", "Penicillin V"),
        ("Procainamide", "Novocaine"),
        ("Paracetamol", "Codeine"),
        ("Trimethoprim", "Sulfadiazine"),
        ("Interferon beta-1a", "Beta-blockers"),
    ],
)
def test_what_only_sounds_alike_does_not_warn(drug, allergy):
    assert find_match(drug, (allergy,)) is None


def test_what_an_allergy_is_to_is_said_where_the_list_does_not_know_it():
    allergies = ("Latex", "Penicilin", "Voltaren", "ASS", "Sulfa", "Peanuts", "Opiates")

    assert find_unrecognised(allergies) == ("Latex", "Peanuts")
    assert find_unrecognised(("Zyrafen",)) == ("Zyrafen",)
    own = DrugList([ClinicDrug("Zyrafen", ingredients=("Ibuprofen",))])
    assert find_unrecognised(("Zyrafen forte", "Latex"), own) == ("Latex",)


def test_without_allergies_there_is_nothing_to_warn_of():
    assert find_match("Amoxicillin", ()) is None


def test_a_misspelt_drug_is_not_taken_for_a_safe_one():
    warning = find_warning("Amoxicilin 500 mg", ("Penicillin V",))

    assert warning.startswith(NOT_RECOGNISED)
    assert "If it is Amoxicillin: The patient is allergic to Penicillin V" in warning


def test_a_misspelt_half_of_a_combination_is_not_recognised():
    assert find_warning("Amoxicilin with clavulanic acid", ()) == NOT_RECOGNISED


@pytest.mark.parametrize("drug", ["Zzyzx 5 mg", "500 mg", "the blue ones"])
def test_what_nobody_knows_is_a_warning_without_any_allergy(drug):
    assert find_warning(drug, ()) == NOT_RECOGNISED


@pytest.mark.parametrize(
    "drug",
    [
        "Paracetamol 500 mg tablets",
        "lisinopril 10 MG Oral Tablet",
        "Paracétamol",
        "Co-amoxiclav",
        "Alendronic acid 10 mg",
        "Sodium chloride 0.9 %",
        "Insulin glargine 100 units/mL solution for injection in a pen",
        "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet",
    ],
)
def test_a_known_name_without_an_allergy_is_no_warning(drug):
    assert find_warning(drug, ()) == ""
