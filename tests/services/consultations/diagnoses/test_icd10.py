"""Codes of ICD-10: what the list holds, and what words may mean."""

import re

import pytest

from services.consultations import diagnoses
from services.consultations.diagnoses import categories, suggest, title_of


def test_the_list_has_the_frequent_categories_each_once_in_order():
    codes = list(categories())

    assert len(codes) >= 600
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"[A-Z][0-9]{2}", code) for code in codes)
    assert all(category.title.strip() for category in categories().values())


def test_no_term_of_a_category_stands_twice():
    for category in categories().values():
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
    assert label in [category.label for category in suggest(words)]


@pytest.mark.parametrize("words", ["", "xyz", "zzzzzzzz", "tio", "12"])
def test_words_that_are_nothing_like_a_term_lead_nowhere(words):
    assert suggest(words) == ()


def test_what_is_a_term_itself_comes_first():
    assert suggest("asthma")[0].code == "J45"


@pytest.mark.parametrize(
    ("code", "title"),
    [("R05", "Cough"), ("r05", "Cough"), ("M54.5", "Dorsalgia"), ("X99", ""), ("", "")],
)
def test_a_code_has_the_term_of_its_category(code, title):
    assert title_of(code) == title


def test_the_system_is_that_of_fhir():
    assert diagnoses.SYSTEM == "http://hl7.org/fhir/sid/icd-10"
