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


def test_a_note_holds_so_much_and_no_more():
    draft = DraftPrescription((LINE,), "x" * 1000)
    assert rules.check_draft(draft) == draft

    words = require_refused(replace(draft, note="x" * 1001), "note")

    assert "at most 1000 characters" in words
    require_refused(replace(draft, note="a\x00b"), "note")


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
