"""Why people come to the invented clinic, and what is written about it.

Shares by month, age and sex are rough: they make lists and charts that look like a
clinic's and support no medical statement. Codes are ICD-10's.
"""

from dataclasses import dataclass
from typing import Final

GENERAL: Final = "General practice"
CHILDREN: Final = "Paediatrics"
_EVERY_AGE: Final = (0, 120)
_ADULT: Final = (18, 120)
_WINTER: Final = frozenset({11, 12, 1, 2, 3})
_SPRING: Final = frozenset({4, 5, 6, 7})
_SUMMER: Final = frozenset({6, 7, 8})
_IN_SEASON: Final = 3.0
_OFF_SEASON: Final = 0.35
# People with the illness come for it often, people without it never do.
_ILL: Final = 6.0


@dataclass(frozen=True, slots=True)
class Dose:
    """One line of a prescription."""

    drug: str
    dose: str
    frequency: str
    duration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody comes: how often, when in the year, and what is found and done.

    `illness` has to be in the patient's history, `ages` are the first and the last year
    of age for which the reason is usual.
    """

    words: str
    code: str
    diagnosis: str
    findings: str
    plan: str
    share: float = 1.0
    specialities: tuple[str, ...] = (GENERAL,)
    ages: tuple[int, int] = _EVERY_AGE
    sex: str | None = None
    illness: str | None = None
    season: frozenset[int] = frozenset()
    is_feverish: bool = False
    doses: tuple[Dose, ...] = ()

    def share_in(self, month: int) -> float:
        """Return how frequent the reason is in a month, relative to others."""
        if not self.season:
            return self.share
        return self.share * (_IN_SEASON if month in self.season else _OFF_SEASON)

    def share_of(self, age: int, sex: str, history: frozenset[str]) -> float:
        """Return the factor for a patient's age, sex and illnesses."""
        if not self.ages[0] <= age <= self.ages[1] or self.sex not in {None, sex}:
            return 0.0
        if self.illness is None:
            return 1.0
        return _ILL if self.illness in history else 0.0


REASONS: Final = (
    Reason(
        words="Cough and sore throat",
        code="J06.9",
        diagnosis="Acute upper respiratory infection",
        findings="Throat red, no exudate. Chest clear on both sides.",
        plan="Rest, fluids, paracetamol. Come back if fever lasts over three days.",
        share=3.0,
        specialities=(GENERAL, CHILDREN),
        season=_WINTER,
        is_feverish=True,
    ),
    Reason(
        words="Fever and aching limbs",
        code="J11.1",
        diagnosis="Influenza with other respiratory manifestations",
        findings="Unwell, pharynx red. Chest clear.",
        plan="Bed rest, fluids, paracetamol. Sick note for five days.",
        share=1.4,
        specialities=(GENERAL, CHILDREN),
        season=frozenset({12, 1, 2}),
        is_feverish=True,
    ),
    Reason(
        words="Earache",
        code="H66.9",
        diagnosis="Otitis media",
        findings="Left ear drum red and bulging.",
        plan="Paracetamol for pain. Review in three days if no better.",
        share=2.0,
        specialities=(GENERAL, CHILDREN),
        ages=(0, 14),
        season=_WINTER,
        is_feverish=True,
        doses=(Dose("Paracetamol 120 mg/5 ml", "5 ml", "four times a day", "5 days"),),
    ),
    Reason(
        words="Cough with fever for a week",
        code="J20.9",
        diagnosis="Acute bronchitis",
        findings="Scattered rhonchi, no dullness to percussion.",
        plan="Doxycycline for five days. Review if short of breath.",
        share=1.0,
        ages=_ADULT,
        season=_WINTER,
        is_feverish=True,
        doses=(Dose("Doxycycline 100 mg", "1 capsule", "once a day", "5 days"),),
    ),
    Reason(
        words="Hay fever",
        code="J30.1",
        diagnosis="Allergic rhinitis due to pollen",
        findings="Eyes red, nasal mucosa pale and swollen.",
        plan="Cetirizine in the season. Keep windows shut in the morning.",
        share=1.5,
        specialities=(GENERAL, CHILDREN),
        ages=(5, 75),
        season=_SPRING,
        doses=(Dose("Cetirizine 10 mg", "1 tablet", "once a day", "30 days"),),
    ),
    Reason(
        words="Stomach upset",
        code="A09",
        diagnosis="Infectious gastroenteritis",
        findings="Abdomen soft, bowel sounds lively. No signs of dehydration.",
        plan="Oral rehydration. Back to work two days after the last symptoms.",
        share=1.2,
        specialities=(GENERAL, CHILDREN),
        season=_SUMMER,
    ),
    Reason(
        words="Tick bite",
        code="W57",
        diagnosis="Bitten by nonvenomous insect",
        findings="Bite on the left calf, no spreading redness.",
        plan="Watch the skin for four weeks. Come back with any ring-shaped rash.",
        share=0.7,
        specialities=(GENERAL, CHILDREN),
        season=_SUMMER,
    ),
    Reason(
        words="Blood pressure check",
        code="I10",
        diagnosis="Essential hypertension",
        findings="No oedema. Heart sounds regular.",
        plan="Go on with the tablets. Home readings twice a week, review in 3 months.",
        share=1.4,
        specialities=(GENERAL, "Cardiology"),
        ages=_ADULT,
        illness="Hypertension",
        doses=(Dose("Amlodipine 5 mg", "1 tablet", "once a day", "90 days"),),
    ),
    Reason(
        words="Diabetes review",
        code="E11.9",
        diagnosis="Type 2 diabetes mellitus without complications",
        findings="Feet: pulses and sensation intact. Injection sites clean.",
        plan="Blood test for HbA1c and kidney function. Review in 3 months.",
        share=1.4,
        specialities=(GENERAL, "Endocrinology"),
        ages=_ADULT,
        illness="Type 2 diabetes",
        doses=(Dose("Metformin 500 mg", "1 tablet", "twice a day", "90 days"),),
    ),
    Reason(
        words="Asthma review",
        code="J45.9",
        diagnosis="Asthma",
        findings="Chest clear, inhaler technique good.",
        plan="Preventer every day, reliever as needed. Flu vaccine in autumn.",
        share=1.2,
        specialities=(GENERAL, CHILDREN),
        illness="Asthma",
        doses=(
            Dose(
                "Salbutamol 100 micrograms inhaler",
                "2 puffs",
                "when short of breath",
                "60 days",
            ),
        ),
    ),
    Reason(
        words="Low mood",
        code="F32.1",
        diagnosis="Moderate depressive episode",
        findings="Low mood, sleeps badly, no thoughts of self-harm.",
        plan="Sertraline goes on. Talking therapy arranged. Review in four weeks.",
        share=1.0,
        specialities=(GENERAL, "Psychiatry"),
        ages=(16, 90),
        illness="Depression",
        doses=(Dose("Sertraline 50 mg", "1 tablet", "once a day", "30 days"),),
    ),
    Reason(
        words="Back pain",
        code="M54.5",
        diagnosis="Low back pain",
        findings="Paravertebral tenderness, no neurological deficit.",
        plan="Stay active, heat, ibuprofen with food for some days.",
        share=1.8,
        specialities=(GENERAL, "Orthopaedics"),
        ages=(18, 80),
        doses=(Dose("Ibuprofen 400 mg", "1 tablet", "three times a day", "5 days"),),
    ),
    Reason(
        words="Knee pain",
        code="M17.9",
        diagnosis="Osteoarthritis of knee",
        findings="Crepitus, mild effusion of the right knee.",
        plan="Exercises, weight, paracetamol. X-ray if no better.",
        specialities=(GENERAL, "Orthopaedics"),
        ages=(45, 100),
        illness="Osteoarthritis of knee",
    ),
    Reason(
        words="Headaches",
        code="G43.9",
        diagnosis="Migraine",
        findings="Neurological examination normal.",
        plan="Headache diary. Sumatriptan early in the attack.",
        share=0.9,
        specialities=(GENERAL, "Neurology"),
        ages=(12, 70),
        doses=(Dose("Sumatriptan 50 mg", "1 tablet", "at the onset", "10 attacks"),),
    ),
    Reason(
        words="Burning when passing water",
        code="N39.0",
        diagnosis="Urinary tract infection",
        findings="Suprapubic tenderness, no loin pain. Dipstick positive.",
        plan="Nitrofurantoin for three days, plenty to drink.",
        ages=(16, 95),
        sex="female",
        doses=(Dose("Nitrofurantoin 100 mg", "1 capsule", "twice a day", "3 days"),),
    ),
    Reason(
        words="Rash",
        code="L30.9",
        diagnosis="Dermatitis",
        findings="Dry, red patches in both elbow creases.",
        plan="Emollients twice a day, hydrocortisone for one week.",
        share=0.9,
        specialities=(GENERAL, CHILDREN, "Dermatology"),
        doses=(
            Dose("Hydrocortisone 1% cream", "a thin layer", "twice a day", "7 days"),
        ),
    ),
    Reason(
        words="Mole check",
        code="D22.9",
        diagnosis="Melanocytic naevus",
        findings="Even colour and border under the dermatoscope.",
        plan="Photographs taken. Check again in a year.",
        specialities=("Dermatology",),
        ages=(16, 90),
    ),
    Reason(
        words="Vaccination",
        code="Z23",
        diagnosis="Need for immunization",
        findings="Well, no fever.",
        plan="Vaccine given in the left upper arm, no reaction.",
        share=1.6,
        specialities=(GENERAL, CHILDREN),
        season=frozenset({9, 10, 11}),
    ),
    Reason(
        words="Child health check",
        code="Z00.1",
        diagnosis="Routine child health examination",
        findings="Growth along the curve, development as expected.",
        plan="Next check as in the booklet.",
        share=1.6,
        specialities=(CHILDREN, GENERAL),
        ages=(0, 6),
    ),
    Reason(
        words="Check-up",
        code="Z00.0",
        diagnosis="General medical examination",
        findings="No abnormal findings.",
        plan="Blood test. Results by letter.",
        share=1.2,
        ages=(35, 100),
    ),
    Reason(
        words="Results of the blood test",
        code="Z71.2",
        diagnosis="Consultation for explanation of investigation findings",
        findings="Results discussed, all explained.",
        plan="No change. Repeat in six months.",
        share=1.1,
        ages=_ADULT,
    ),
    Reason(
        words="Travel advice",
        code="Z71.8",
        diagnosis="Other specified counselling",
        findings="Well. Vaccination record complete.",
        plan="Advice on food, insects and malaria.",
        share=0.5,
        ages=(16, 80),
        season=frozenset({5, 6, 7}),
    ),
    Reason(
        words="Palpitations",
        code="R00.2",
        diagnosis="Palpitations",
        findings="Pulse regular. ECG normal.",
        plan="Twenty-four-hour ECG. Less coffee.",
        specialities=("Cardiology", GENERAL),
        share=0.6,
        ages=(18, 90),
    ),
    Reason(
        words="Echocardiogram",
        code="I50.9",
        diagnosis="Heart failure",
        findings="Ejection fraction 45%, mild mitral regurgitation.",
        plan="Furosemide as before. Weigh every morning.",
        specialities=("Cardiology",),
        ages=(45, 100),
        illness="Heart failure",
    ),
    Reason(
        words="Cervical smear",
        code="Z12.4",
        diagnosis="Screening examination for neoplasm of cervix",
        findings="Cervix unremarkable, sample taken.",
        plan="Result by letter within three weeks.",
        share=1.5,
        specialities=("Gynaecology",),
        ages=(25, 65),
        sex="female",
    ),
    Reason(
        words="Contraception",
        code="Z30.9",
        diagnosis="Contraceptive management",
        findings="No contraindications.",
        plan="Desogestrel, one tablet a day. Review in three months.",
        specialities=("Gynaecology", GENERAL),
        share=0.7,
        ages=(16, 48),
        sex="female",
        doses=(Dose("Desogestrel 75 micrograms", "1 tablet", "once a day", "84 days"),),
    ),
    Reason(
        words="Thyroid check",
        code="E03.9",
        diagnosis="Hypothyroidism",
        findings="No goitre. Reflexes normal.",
        plan="Levothyroxine unchanged. TSH in six months.",
        specialities=("Endocrinology", GENERAL),
        ages=(16, 100),
        illness="Hypothyroidism",
        doses=(
            Dose("Levothyroxine 50 micrograms", "1 tablet", "every morning", "90 days"),
        ),
    ),
    Reason(
        words="Numb fingers",
        code="G56.0",
        diagnosis="Carpal tunnel syndrome",
        findings="Tinel's and Phalen's signs positive on the right.",
        plan="Splint at night. Nerve conduction study.",
        specialities=("Neurology",),
        ages=(25, 85),
    ),
    Reason(
        words="Anxiety",
        code="F41.1",
        diagnosis="Generalized anxiety disorder",
        findings="Tense, good contact, no thoughts of self-harm.",
        plan="Relaxation training. Next session in two weeks.",
        specialities=("Psychiatry",),
        ages=(12, 85),
    ),
    Reason(
        words="X-ray of the chest",
        code="R05",
        diagnosis="Cough",
        findings="Lungs clear, heart of normal size.",
        plan="Report sent to the referring doctor.",
        specialities=("Radiology",),
        ages=_ADULT,
    ),
    Reason(
        words="Ultrasound of the abdomen",
        code="R10.4",
        diagnosis="Abdominal pain",
        findings="Liver, gall bladder and kidneys unremarkable.",
        plan="Report sent to the referring doctor.",
        specialities=("Radiology",),
        ages=(10, 95),
    ),
)
BY_WORDS: Final = {reason.words: reason for reason in REASONS}
