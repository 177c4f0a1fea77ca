"""Why a form is refused, and how it is tidied."""

from datetime import date

import pytest

from dashboard.ui.language.papers import wording_in
from services.documents import forms
from services.documents.records.kinds import DocumentType
from tests.kit import cast
from tests.services.documents.forms.samples import RECORD, record_form

LAB = forms.TEMPLATES["lab_report"]
VISIT = forms.TEMPLATES["visit_summary"]
SICK = forms.TEMPLATES["sick_note"]
TODAY = date(2026, 11, 20)


def patient(**fields):
    about = {
        "allergies": ("Penicillin", "Latex"),
        "medical_history": ("Asthma",),
        "current_medications": ("Ramipril 5 mg", "Aspirin"),
    }
    return cast.make_record(**about | fields)


@pytest.mark.parametrize(
    ("template", "values", "field", "message"),
    [
        (RECORD, {"name": ""}, "name", "Name is missing"),
        (RECORD, {"name": "\u200b\u200d"}, "name", "Name is missing"),
        (RECORD, {"name": "a" * 201}, "name", "too long: 200 characters"),
        (RECORD, {"name": "Ada\nLovelace"}, "name", "must be one line"),
        (RECORD, {"name": [["Ada"]]}, "name", "does not have the form"),
        (RECORD, {"date_of_birth": "31/1/80"}, "date_of_birth", "must be a date"),
        (RECORD, {"date_of_birth": "1000-01-31"}, "date_of_birth", "1900 and 2199"),
        (RECORD, {"diagnosis": "a" * 20_001}, "diagnosis", "too long: 20,000"),
        (LAB, {"results": []}, "results", "Results is missing"),
        (LAB, {"results": [["a"]]}, "results", "too few or too many cells"),
        (LAB, {"results": [["a", "b", "c", "d"]] * 201}, "results", "too many rows"),
        (LAB, {"results": [["a" * 201, "", "", ""]]}, "results", "cell that is too"),
        (LAB, {"results": "a, b"}, "results", "does not have the form"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_is_explained(template, values, field, message):
    rows = [["Iron", "13", "mg", ""]]
    form = record_form(taken_on="2026-11-19", results=rows) | values

    with pytest.raises(forms.InvalidForm, match=message) as refusal:
        forms.checked(template, form, today=TODAY)

    assert [problem.field for problem in refusal.value.problems] == [field]


def test_all_problems_are_named_at_once():
    with pytest.raises(forms.InvalidForm) as refusal:
        forms.checked(RECORD, {}, today=TODAY)

    assert [problem.field for problem in refusal.value.problems] == [
        "name",
        "date_of_birth",
    ]


def test_a_form_is_kept_as_it_is_printed():
    form = record_form(
        name=" Zoe\u0308 ", diagnosis="One\r\ntwo\t\x07three  \n", unknown="dropped"
    )

    kept = forms.checked(RECORD, form, today=TODAY)

    assert kept["name"] == "Zoë"
    assert kept["diagnosis"] == "One\ntwo three"
    assert list(kept) == [field.name for field in RECORD.fields]


def test_rows_without_any_word_are_left_out():
    rows = [["Iron", "13", "", ""], ["", " ", "", ""]]
    form = record_form(taken_on="2026-11-19", results=rows)

    assert forms.checked(LAB, form, today=TODAY)["results"] == [["Iron", "13", "", ""]]


def test_a_form_begins_with_what_the_record_knows():
    form = RECORD.prefilled(patient())

    assert form == {
        "name": "Ada Lovelace",
        "record_number": "47T-XZF",
        "date_of_birth": "1980-05-17",
        "diagnosis": "",
        "allergies": "Penicillin, Latex",
        "medical_information": "Medical history:\nAsthma\n\n"
        "Current medications:\nRamipril 5 mg\nAspirin",
    }


def test_that_there_are_no_allergies_is_said_only_where_somebody_asked():
    without_allergies = patient(allergies=(), no_known_allergies=True)

    assert RECORD.prefilled(without_allergies)["allergies"] == "No known allergies"
    assert RECORD.prefilled(patient(allergies=()))["allergies"] == ""


def test_what_the_form_adds_to_the_record_is_in_the_clinics_language():
    german = wording_in(None, "de")
    somebody = patient(first_name="Other", medical_history=("Unknown",))
    without_allergies = patient(allergies=(), no_known_allergies=True)

    form = RECORD.prefilled(somebody, german)

    assert form["medical_information"].startswith("Vorerkrankungen:\nUnknown\n")
    # What somebody typed is never translated, even if it is one of our words.
    assert form["name"] == "Other Lovelace"
    assert RECORD.prefilled(without_allergies, german)["allergies"] == (
        "Keine bekannten Allergien"
    )


@pytest.mark.parametrize("template", forms.TEMPLATES.values(), ids=lambda t: t.name)
def test_each_template_is_of_a_known_type_and_asks_who_it_is_about(template):
    names = [field.name for field in template.fields]

    assert DocumentType(template.document_type)
    assert {"name", "date_of_birth"} <= set(names)
    assert len(set(names)) == len(names)
    assert set(template.prefilled(None).values()) == {""}


@pytest.mark.parametrize(
    ("template", "field", "said"),
    [
        (RECORD, "date_of_birth", "Date of birth is in the future; correct it."),
        (LAB, "taken_on", "Taken on is in the future; correct it."),
        (VISIT, "visited_on", "Date of visit is in the future; correct it."),
    ],
    ids=["born", "taken", "visited"],
)
def test_what_has_happened_has_no_date_to_come(template, field, said):
    rows = [["Iron", "13", "mg", ""]]
    form = record_form(taken_on="2026-11-20", visited_on="2026-11-20", results=rows)
    forms.checked(template, form, today=TODAY)

    with pytest.raises(forms.InvalidForm) as refused:
        forms.checked(template, form | {field: "2026-11-21"}, today=TODAY)

    (problem,) = refused.value.problems
    assert (problem.field, problem.message) == (field, said)


def test_a_sick_note_does_not_end_before_it_begins():
    form = record_form(unfit_from="2026-11-23", unfit_until="2026-11-23")
    forms.checked(SICK, form, today=TODAY)

    with pytest.raises(forms.InvalidForm) as refused:
        forms.checked(SICK, form | {"unfit_until": "2026-11-22"}, today=TODAY)

    (problem,) = refused.value.problems
    assert problem.field == "unfit_until"
    assert problem.message == (
        "Unfit until is before “Unfit from”; correct one of the two."
    )


@pytest.mark.parametrize(
    ("template", "field", "label"),
    [
        (LAB, "taken_on", "Taken on"),
        (VISIT, "visited_on", "Date of visit"),
        (SICK, "unfit_from", "Unfit from"),
    ],
    ids=["taken", "visited", "unfit"],
)
def test_nothing_happens_to_somebody_who_is_not_born_yet(template, field, label):
    born = "1980-05-17"
    dates = dict.fromkeys(("taken_on", "visited_on", "unfit_from", "unfit_until"), born)
    form = record_form(**dates, results=[["Iron", "13", "mg", ""]])
    forms.checked(template, form, today=TODAY)

    with pytest.raises(forms.InvalidForm) as refused:
        forms.checked(template, form | {field: "1980-05-16"}, today=TODAY)

    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.message == (
        f"{label} is before “Date of birth”; correct one of the two."
    )
