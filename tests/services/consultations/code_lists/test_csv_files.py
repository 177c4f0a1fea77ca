"""What a clinic's list says, and which of its lines cannot be imported."""

import pytest

from services.consultations.code_lists import ListKind, parse
from services.consultations.code_lists.model import UnreadableList
from services.consultations.diagnoses import Category
from services.consultations.drugs import ClinicDrug

DRUGS = "name,form,strength,route,ATC code,active ingredients\n"
CODES = "code,system,term,other words\n"


def drugs_of(text: str) -> tuple:
    return parse(ListKind.DRUGS, text.encode()).entries


def test_a_drug_has_its_form_strength_route_code_and_ingredients():
    (drug,) = drugs_of(
        DRUGS + "Zyrafen Duo,tablets,400 mg,Oral,m01ae51,Ibuprofen; Codeine\n"
    )

    assert drug == ClinicDrug(
        "Zyrafen Duo", "tablets", "400 mg", "oral", "M01AE51", ("Ibuprofen", "Codeine")
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_are_separated_as_the_countrys_spreadsheets_do(separator):
    lines = [["Name", "Form"], ["Metformin", "tablets"], []]
    text = "\ufeff" + "\r\n".join(separator.join(line) for line in lines)

    assert drugs_of(text) == (ClinicDrug("Metformin", "tablets"),)


def test_empty_cells_at_the_end_of_a_line_are_no_columns():
    """Spreadsheets write them where another line once had more cells."""
    assert drugs_of("name,form\nMetformin,tablets,,,\n") == (
        ClinicDrug("Metformin", "tablets"),
    )


def test_marks_of_direction_are_left_out_as_on_pages():
    assert drugs_of("name,form\n\u200fMet\u202efor\u202cmin\u2069,tablets\n") == (
        ClinicDrug("Metformin", "tablets"),
    )


def test_a_diagnosis_has_its_system_its_term_and_other_words():
    file = parse(
        ListKind.DIAGNOSES,
        (
            CODES + "I10,,High blood pressure,high BP; RR\nK86,ICPC-2,Hypertension,\n"
        ).encode(),
    )

    assert file.entries == (
        Category("I10", "High blood pressure", ("high BP", "RR")),
        Category("K86", "Hypertension", (), "http://hl7.org/fhir/sid/icpc-2"),
    )


@pytest.mark.parametrize(
    ("kind", "line", "sentence"),
    [
        (ListKind.DRUGS, ",tablets,,,,", "the name is missing."),
        (ListKind.DRUGS, "Zyrafen,,,,,", "active ingredients of “Zyrafen” are missing"),
        (ListKind.DRUGS, "Metformin,,,,XX,", "“XX” is not an ATC code"),
        (ListKind.DRUGS, "metformin,tablets,500 mg,,,", "is already in line 2."),
        (ListKind.DRUGS, f"Metformin,{'x' * 81},,,,", "form is too long"),
        (ListKind.DRUGS, f"Metformin {'x' * 120},,,,,", "are too long: at most 120"),
        (ListKind.DIAGNOSES, "R05,,Cough, dry,tussis", "more cells than there are"),
        (ListKind.DIAGNOSES, ",,Cough,", "the code is missing."),
        (ListKind.DIAGNOSES, "R 05,,Cough,", "“R 05” is not a code"),
        (ListKind.DIAGNOSES, "R05,,,", "the term is missing."),
        (ListKind.DIAGNOSES, "R05,ours,Cough,", "“ours” is not a known system."),
        (ListKind.DIAGNOSES, "i10,,Hypertension,", "is already in line 2."),
        (ListKind.DIAGNOSES, f"R05,,{'x' * 201},", "term is too long"),
    ],
)
def test_each_line_that_cannot_be_taken_is_named(kind, line, sentence):
    head, good = (
        (DRUGS, "Metformin,tablets,500 mg,,,\n")
        if kind is ListKind.DRUGS
        else (CODES, "I10,,High blood pressure,\n")
    )

    file = parse(kind, f"{head}{good}\n{line}\n".encode())

    (problem,) = file.problems
    assert str(problem).startswith("Line 4: ")
    assert sentence in str(problem)
    assert len(file.entries) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no column “name”"),
        (b"drug,form\nMetformin,\n", "no column “name”"),
        (b"name,Name,form\nA,B,tablets\n", "the column “name” twice"),
        (b'name,form\n"A,tablets\nB,tablets\n', "Line 3 of the file is not CSV"),
        (b"name\n", "no lines below its column names"),
        ("name\nCafé\n".encode("latin-1"), "not in UTF-8"),
        (b"name\n" + b"x" * 5 * 1024**2, "too large: at most 5 MB"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(content, sentence):
    with pytest.raises(UnreadableList, match=sentence):
        parse(ListKind.DRUGS, content)
