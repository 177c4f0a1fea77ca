"""How much a prescription may say: its longest texts, and what is one too many."""

from dataclasses import replace

import pytest

from services.consultations.prescriptions import rules
from services.consultations.prescriptions.errors import (
    DrugWarnings,
    InvalidPrescription,
)
from services.consultations.prescriptions.records import (
    DraftPrescription,
    PrescriptionLine,
)
from services.documents.forms import fonts

LINE = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")
WARNED = replace(LINE, warning="Allergic to paracetamol")
LONGEST = {
    "drug": 120,
    "dose": 80,
    "frequency": 80,
    "duration": 80,
    "route": 80,
    "quantity": 80,
    "override_reason": 300,
}


def require_refused(draft: DraftPrescription, field: str) -> str:
    """Return the sentence that refuses a draft, which must name this field."""
    with pytest.raises(InvalidPrescription) as refused:
        rules.check_draft(draft)
    assert refused.value.property_name == field
    return str(refused.value)


def test_what_is_typed_is_tidied():
    line = replace(LINE, drug=" Paracetamol\n 500  mg ", route=" oral ")

    checked = rules.check_draft(DraftPrescription((line,), " With food. "))

    assert checked == DraftPrescription((replace(LINE, route="oral"),), "With food.")


@pytest.mark.parametrize(("field", "longest"), LONGEST.items())
def test_a_field_holds_so_much_and_no_more(field: str, longest: int):
    line = replace(LINE, **{field: "x" * longest})
    assert rules.check_draft(DraftPrescription((LINE, line))).lines[1] == line

    one_more = replace(LINE, **{field: "x" * (longest + 1)})
    words = require_refused(DraftPrescription((LINE, one_more)), f"lines.1.{field}")

    assert f"at most {longest} characters" in words


def test_every_problem_of_every_line_is_named_at_once():
    empty = PrescriptionLine("", "", "", "")
    wrong = replace(LINE, quantity="0", repeats="13")

    with pytest.raises(InvalidPrescription) as refused:
        rules.check_draft(DraftPrescription((empty, wrong), "x" * 1001))

    assert [problem.field for problem in refused.value.problems] == [
        "lines.0.drug",
        "lines.0.dose",
        "lines.0.frequency",
        "lines.0.duration",
        "lines.1.quantity",
        "lines.1.repeats",
        "note",
    ]
    assert "Line 1: enter the dose. Line 1: enter how often" in str(refused.value)


def test_a_note_holds_so_much_and_no_more():
    draft = DraftPrescription((LINE,), "x" * 1000)
    assert rules.check_draft(draft) == draft

    words = require_refused(replace(draft, note="x" * 1001), "note")

    assert "at most 1000 characters" in words
    require_refused(replace(draft, note="a\x00b"), "note")


@pytest.mark.parametrize(
    "quantity", ["-3", "\u2212 1 capsule", "0", "0 capsules", "0,0 ml", "00.0"]
)
def test_a_quantity_of_nothing_is_refused(quantity: str):
    line = replace(LINE, quantity=quantity)

    words = require_refused(DraftPrescription((LINE, line)), "lines.1.quantity")

    assert words == "Line 2: the quantity must be more than 0."


@pytest.mark.parametrize(
    "quantity", ["", "0.5 ml", "0,25", "10", "2 x 30 tablets", "one box", "-", "05"]
)
def test_any_other_quantity_is_kept_as_it_is_typed(quantity: str):
    draft = DraftPrescription((replace(LINE, quantity=quantity),))

    assert rules.check_draft(draft) == draft


def test_the_field_with_an_unprintable_character_is_named():
    line = replace(LINE, frequency="\U0001f600 twice a day")

    with pytest.raises(InvalidPrescription, match=r"Line 2: .*\U0001f600") as refused:
        rules.require_printable((LINE, line), "", fonts.missing)
    assert refused.value.property_name == "lines.1.frequency"

    with pytest.raises(InvalidPrescription, match=r"The note has") as refused:
        rules.require_printable((LINE,), "With food \U0001f600", fonts.missing)
    assert refused.value.property_name == "note"
    rules.require_printable((LINE,), "Nach dem Essen, לא", fonts.missing)


def test_twenty_lines_are_not_too_many():
    draft = DraftPrescription((replace(LINE, repeats="12"),) * 20)

    assert rules.check_draft(draft) == draft


def test_a_reason_of_ten_letters_is_one_and_of_nine_is_none():
    rules.require_reasons((replace(WARNED, override_reason="Tolerated!"),), (None,))

    with pytest.raises(DrugWarnings) as refused:
        rules.require_reasons(
            (LINE, replace(WARNED, override_reason="Tolerated")), (None, None)
        )

    assert refused.value.warnings == ((1, WARNED.warning),)
    assert "in at least 10 characters" in str(refused.value)
