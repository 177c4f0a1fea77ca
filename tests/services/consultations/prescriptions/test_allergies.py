"""Which drugs an allergy warns of."""

import pytest

from services.consultations.prescriptions.allergies import (
    NOT_RECOGNISED,
    find_match,
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
