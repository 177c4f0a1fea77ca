"""Codes of diagnoses: what the lists contain, and what words may mean."""

import re

import pytest

from services.consultations import diagnoses
from services.consultations.diagnoses import BUILT_IN, Category, DiagnosisList
from services.consultations.notes import Diagnosis
from services.consultations.notes.typed import diagnosis_of


def test_the_list_has_the_frequent_categories_each_once_in_order():
    codes = list(BUILT_IN.offered)

    assert len(codes) >= 600
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"[A-Z][0-9]{2}", code) for code in codes)
    assert all(category.title.strip() for category in BUILT_IN.offered.values())


def test_no_term_of_a_category_stands_twice():
    for category in BUILT_IN.offered.values():
        terms = [term.casefold() for term in (category.title, *category.synonyms)]
        assert len(set(terms)) == len(terms), category


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("cogh", "Cough (R05)"),
        ("Cough", "Cough (R05)"),
        ("hig blood presure", "Essential (primary) hypertension (I10)"),
        ("migrane", "Migraine (G43)"),
        ("low back pain", "Dorsalgia (M54)"),
        ("  Heart   attack ", "Acute myocardial infarction (I21)"),
        ("TIA", "Transient cerebral ischaemic attacks (G45)"),
        ("bronchit", "Bronchitis, not specified as acute or chronic (J40)"),
    ],
)
def test_words_lead_to_the_category_they_are_of(words, label):
    assert label in [category.label for category in BUILT_IN.suggest(words)]


@pytest.mark.parametrize("words", ["", "xyz", "zzzzzzzz", "tio", "12"])
def test_words_that_are_nothing_like_a_term_lead_nowhere(words):
    assert BUILT_IN.suggest(words) == ()


def test_what_is_a_term_itself_comes_first():
    assert BUILT_IN.suggest("asthma")[0].code == "J45"


@pytest.mark.parametrize(
    ("code", "title"),
    [("R05", "Cough"), ("r05", "Cough"), ("M54.5", "Dorsalgia"), ("X99", ""), ("", "")],
)
def test_a_code_has_the_term_of_its_category(code, title):
    assert BUILT_IN.title_of(code) == title


def test_the_system_is_that_of_fhir():
    assert diagnoses.SYSTEM == "http://hl7.org/fhir/sid/icd-10"


ICPC = "http://hl7.org/fhir/sid/icpc-2"
OWN = (
    Category("K86", "Hypertension uncomplicated", ("high BP",), ICPC),
    Category("38341003", "Hypertensive disorder", (), "http://snomed.info/sct"),
    Category("COPD", "Chronic airway disease", (), "urn:clinic"),
    Category("R05", "Cough, our way"),
    Category("A98", "Health maintenance", (), ICPC, is_retired=True),
)


def test_a_clinic_offers_its_own_codes_alone_or_before_those_of_icd10():
    own = DiagnosisList(OWN, has_built_in=False)
    both = DiagnosisList(OWN)

    assert list(own.offered) == ["38341003", "COPD", "K86", "R05"]
    assert both.offered["K86"].title == "Hypertension uncomplicated"
    assert both.offered["I10"].title == "Essential (primary) hypertension"
    assert own.suggest("high bp")[0].code == "K86"
    assert own.suggest("migraine") == ()


@pytest.mark.parametrize(
    ("line", "diagnosis"),
    [
        (
            "K86 Hypertension uncomplicated",
            Diagnosis("K86", "Hypertension uncomplicated", ICPC),
        ),
        ("k86: since 2019", Diagnosis("K86", "since 2019", ICPC)),
        # The text says that it is ICD-10's.
        (
            "K86 Other diseases of pancreas",
            Diagnosis("K86", "Other diseases of pancreas"),
        ),
        ("38341003", Diagnosis("38341003", "", "http://snomed.info/sct")),
        (
            "COPD Chronic airway disease",
            Diagnosis("COPD", "Chronic airway disease", "urn:clinic"),
        ),
        ("COPD since 2019", Diagnosis(text="COPD since 2019")),
        ("R05 Cough, our way", Diagnosis("R05", "Cough, our way")),
        ("I10 High", Diagnosis("I10", "High")),
        ("A98 Health maintenance", Diagnosis("A98", "Health maintenance", ICPC)),
    ],
)
def test_a_line_begins_with_a_code_of_the_clinics_list(line, diagnosis):
    assert diagnosis_of(line, DiagnosisList(OWN)) == diagnosis


def test_what_was_coded_keeps_its_term_whatever_is_chosen_later():
    for listed in (
        DiagnosisList(OWN, has_own=False),
        DiagnosisList(OWN, has_built_in=False),
    ):
        assert listed.title_of("A98", ICPC) == "Health maintenance"
        assert listed.title_of("M54.5") == "Dorsalgia"
    assert "A98" not in DiagnosisList(OWN).offered
