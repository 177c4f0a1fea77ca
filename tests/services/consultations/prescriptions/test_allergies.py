"""Which drugs an allergy warns of."""

import pytest

from services.consultations.prescriptions.allergies import find_match


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
    ],
)
def test_what_has_nothing_to_do_with_it_does_not(drug, allergy):
    assert find_match(drug, (allergy,)) is None


def test_without_allergies_there_is_nothing_to_warn_of():
    assert find_match("Amoxicillin", ()) is None
