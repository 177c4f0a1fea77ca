"""How frequent illnesses and allergies are, and which medications are taken for them.

The shares are rounded from what British general practices report, by age; they make
lists that look like a clinic's and support no medical statement.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

AGES: Final = (0, 20, 40, 60, 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """A condition, its share of people at each of AGES, and its usual medications."""

    name: str
    shares: tuple[float, float, float, float, float]
    sex: str | None = None
    medications: tuple[str, ...] = ()
    treated: float = 0.85
    # With one of these, the chance by age is multiplied by `raised_by`.
    raising: tuple[str, ...] = ()
    raised_by: float = 2.5

    def chances(self, ages: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each person's chance by age alone."""
        return np.interp(ages, AGES, self.shares)


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy and its share of people at each of AGES."""

    name: str
    shares: tuple[float, float, float, float, float]

    def chances(self, ages: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each person's chance by age."""
        return np.interp(ages, AGES, self.shares)


# An illness that raises the chance of another comes before it.
ILLNESSES: Final = (
    Illness(
        name="Obesity",
        shares=(0.01, 0.10, 0.18, 0.22, 0.15),
    ),
    Illness(
        name="Type 2 diabetes",
        shares=(0.0, 0.004, 0.04, 0.13, 0.18),
        medications=("Metformin 500 mg", "Metformin 1 g", "Gliclazide 80 mg"),
        raising=("Obesity",),
    ),
    Illness(
        name="Type 1 diabetes",
        shares=(0.001, 0.005, 0.005, 0.004, 0.003),
        medications=("Insulin glargine 100 units/ml", "Insulin aspart 100 units/ml"),
        treated=1.0,
    ),
    Illness(
        name="Hypertension",
        shares=(0.0, 0.01, 0.10, 0.35, 0.58),
        medications=(
            "Amlodipine 5 mg",
            "Ramipril 5 mg",
            "Lisinopril 10 mg",
            "Losartan 50 mg",
            "Indapamide 2.5 mg",
        ),
        raising=("Obesity", "Type 2 diabetes"),
        raised_by=1.6,
    ),
    Illness(
        name="Hyperlipidaemia",
        shares=(0.0, 0.01, 0.07, 0.22, 0.28),
        medications=("Atorvastatin 20 mg", "Simvastatin 40 mg", "Rosuvastatin 10 mg"),
        raising=("Type 2 diabetes", "Hypertension"),
        raised_by=1.7,
    ),
    Illness(
        name="Coronary heart disease",
        shares=(0.0, 0.0, 0.01, 0.07, 0.18),
        medications=("Aspirin 75 mg", "Bisoprolol 2.5 mg"),
        treated=0.95,
        raising=("Hypertension", "Hyperlipidaemia", "Type 2 diabetes"),
        raised_by=1.8,
    ),
    Illness(
        name="Myocardial infarction",
        shares=(0.0, 0.0, 0.003, 0.02, 0.05),
        medications=("Clopidogrel 75 mg", "Bisoprolol 5 mg"),
        raising=("Coronary heart disease",),
        raised_by=4.0,
    ),
    Illness(
        name="Atrial fibrillation",
        shares=(0.0, 0.0, 0.004, 0.03, 0.13),
        medications=("Apixaban 5 mg", "Rivaroxaban 20 mg", "Warfarin 3 mg"),
        raising=("Hypertension",),
        raised_by=1.5,
    ),
    Illness(
        name="Heart failure",
        shares=(0.0, 0.0, 0.002, 0.015, 0.07),
        medications=("Furosemide 40 mg", "Spironolactone 25 mg"),
        treated=0.97,
        raising=("Coronary heart disease", "Atrial fibrillation"),
    ),
    Illness(
        name="Stroke",
        shares=(0.0, 0.0, 0.004, 0.02, 0.08),
        medications=("Clopidogrel 75 mg",),
        raising=("Atrial fibrillation",),
    ),
    Illness(
        name="Chronic kidney disease stage 3",
        shares=(0.0, 0.0, 0.005, 0.05, 0.22),
        raising=("Type 2 diabetes", "Hypertension"),
        raised_by=1.5,
    ),
    Illness(
        name="Asthma",
        shares=(0.05, 0.11, 0.09, 0.08, 0.07),
        medications=(
            "Salbutamol 100 micrograms inhaler",
            "Beclometasone 100 micrograms inhaler",
        ),
    ),
    Illness(
        name="Chronic obstructive pulmonary disease",
        shares=(0.0, 0.0, 0.006, 0.05, 0.09),
        medications=("Tiotropium 18 micrograms inhaler",),
    ),
    Illness(
        name="Eczema",
        shares=(0.14, 0.08, 0.05, 0.04, 0.04),
        medications=("Hydrocortisone 1% cream",),
        treated=0.5,
    ),
    Illness(
        name="Seasonal allergic rhinitis",
        shares=(0.03, 0.13, 0.11, 0.07, 0.04),
        medications=("Cetirizine 10 mg", "Loratadine 10 mg"),
        treated=0.6,
        raising=("Asthma", "Eczema"),
        raised_by=1.8,
    ),
    Illness(
        name="Depression",
        shares=(0.0, 0.09, 0.14, 0.12, 0.08),
        medications=("Sertraline 50 mg", "Citalopram 20 mg", "Mirtazapine 15 mg"),
        treated=0.6,
    ),
    Illness(
        name="Generalised anxiety disorder",
        shares=(0.005, 0.08, 0.08, 0.06, 0.04),
        medications=("Sertraline 50 mg", "Propranolol 40 mg"),
        treated=0.4,
        raising=("Depression",),
    ),
    Illness(
        name="Migraine",
        shares=(0.01, 0.10, 0.13, 0.07, 0.03),
        medications=("Sumatriptan 50 mg",),
        treated=0.5,
    ),
    Illness(
        name="Hypothyroidism",
        shares=(0.0, 0.01, 0.03, 0.06, 0.09),
        medications=("Levothyroxine 50 micrograms", "Levothyroxine 100 micrograms"),
        treated=0.98,
    ),
    Illness(
        name="Gastro-oesophageal reflux disease",
        shares=(0.01, 0.03, 0.08, 0.13, 0.15),
        medications=("Omeprazole 20 mg", "Lansoprazole 30 mg"),
        treated=0.75,
    ),
    Illness(
        name="Osteoarthritis of knee",
        shares=(0.0, 0.0, 0.02, 0.13, 0.24),
        medications=("Paracetamol 500 mg", "Naproxen 250 mg"),
        treated=0.55,
        raising=("Obesity",),
        raised_by=1.7,
    ),
    Illness(
        name="Osteoporosis",
        shares=(0.0, 0.0, 0.003, 0.05, 0.18),
        sex="female",
        medications=("Alendronic acid 70 mg", "Colecalciferol 800 units"),
    ),
    Illness(
        name="Rheumatoid arthritis",
        shares=(0.0, 0.001, 0.006, 0.013, 0.016),
        medications=("Methotrexate 2.5 mg", "Hydroxychloroquine 200 mg"),
    ),
    Illness(
        name="Gout",
        shares=(0.0, 0.001, 0.012, 0.04, 0.07),
        sex="male",
        medications=("Allopurinol 100 mg",),
        treated=0.6,
    ),
    Illness(
        name="Benign prostatic hyperplasia",
        shares=(0.0, 0.0, 0.01, 0.14, 0.30),
        sex="male",
        medications=("Tamsulosin 400 micrograms", "Finasteride 5 mg"),
        treated=0.7,
    ),
    Illness(
        name="Iron deficiency anaemia",
        shares=(0.01, 0.04, 0.05, 0.03, 0.06),
        medications=("Ferrous sulfate 200 mg",),
        treated=0.6,
    ),
    Illness(
        name="Epilepsy",
        shares=(0.004, 0.008, 0.009, 0.011, 0.014),
        medications=("Levetiracetam 500 mg", "Lamotrigine 100 mg"),
        treated=0.95,
    ),
    Illness(
        name="Polycystic ovary syndrome",
        shares=(0.0, 0.06, 0.05, 0.0, 0.0),
        sex="female",
    ),
    Illness(
        name="Heavy menstrual bleeding",
        shares=(0.0, 0.05, 0.07, 0.0, 0.0),
        sex="female",
        medications=("Desogestrel 75 micrograms", "Tranexamic acid 500 mg"),
        treated=0.7,
    ),
    Illness(
        name="Coeliac disease",
        shares=(0.004, 0.008, 0.01, 0.01, 0.008),
    ),
    Illness(
        name="Attention deficit hyperactivity disorder",
        shares=(0.01, 0.04, 0.015, 0.004, 0.0),
        medications=("Methylphenidate 18 mg",),
        treated=0.5,
    ),
    Illness(
        name="Dementia in Alzheimer's disease",
        shares=(0.0, 0.0, 0.0, 0.006, 0.07),
        medications=("Donepezil 10 mg", "Memantine 10 mg"),
        treated=0.6,
    ),
    Illness(name="Cataract", shares=(0.0, 0.0, 0.004, 0.06, 0.32)),
    Illness(
        name="Malignant neoplasm of breast",
        shares=(0.0, 0.0, 0.008, 0.035, 0.06),
        sex="female",
        medications=("Tamoxifen 20 mg", "Letrozole 2.5 mg"),
        treated=0.5,
    ),
    Illness(
        name="Malignant neoplasm of prostate",
        shares=(0.0, 0.0, 0.0, 0.02, 0.08),
        sex="male",
    ),
    Illness(name="Appendectomy", shares=(0.002, 0.05, 0.08, 0.10, 0.13)),
    Illness(name="Tonsillectomy", shares=(0.01, 0.05, 0.08, 0.14, 0.16)),
    Illness(
        name="Caesarean section", shares=(0.0, 0.03, 0.18, 0.12, 0.07), sex="female"
    ),
    Illness(name="Hip replacement", shares=(0.0, 0.0, 0.001, 0.02, 0.10)),
    Illness(name="Fracture of wrist", shares=(0.01, 0.06, 0.08, 0.10, 0.15)),
    Illness(name="COVID-19", shares=(0.10, 0.22, 0.22, 0.18, 0.16)),
)

ALLERGIES: Final = (
    Allergy("Penicillin", (0.02, 0.045, 0.06, 0.08, 0.09)),
    Allergy("Sulfonamides", (0.003, 0.01, 0.016, 0.02, 0.025)),
    Allergy("Aspirin", (0.001, 0.006, 0.01, 0.015, 0.016)),
    Allergy("Codeine", (0.0, 0.004, 0.01, 0.016, 0.02)),
    Allergy("Iodinated contrast media", (0.0, 0.001, 0.004, 0.01, 0.012)),
    Allergy("Latex", (0.003, 0.01, 0.014, 0.012, 0.008)),
    Allergy("Grass pollen", (0.03, 0.10, 0.08, 0.05, 0.03)),
    Allergy("Birch pollen", (0.02, 0.06, 0.055, 0.04, 0.02)),
    Allergy("House dust mites", (0.03, 0.06, 0.05, 0.03, 0.02)),
    Allergy("Cat dander", (0.015, 0.035, 0.03, 0.02, 0.01)),
    Allergy("Bee venom", (0.003, 0.007, 0.01, 0.01, 0.008)),
    Allergy("Peanuts", (0.02, 0.013, 0.007, 0.003, 0.001)),
    Allergy("Tree nuts", (0.012, 0.012, 0.007, 0.003, 0.001)),
    Allergy("Cow's milk", (0.03, 0.004, 0.003, 0.002, 0.001)),
    Allergy("Eggs", (0.015, 0.003, 0.002, 0.001, 0.001)),
    Allergy("Shellfish", (0.002, 0.01, 0.014, 0.012, 0.009)),
    Allergy("Strawberries", (0.006, 0.004, 0.003, 0.002, 0.002)),
)

# Medications that are not given to anybody with the allergy, and their replacements.
INSTEAD: Final = {
    "Aspirin": {
        "Aspirin 75 mg": "Clopidogrel 75 mg",
        "Naproxen 250 mg": "Paracetamol 500 mg",
    },
    "Sulfonamides": {"Furosemide 40 mg": "Bumetanide 1 mg"},
}
