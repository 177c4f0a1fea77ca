"""The rules of a draft, and what is said about one that breaks them."""

from datetime import UTC, date, datetime

import pytest

from services.patients.records import patients
from services.patients.records.model import Sex
from tests.kit.cast import ADA, ada


def refusal_of(draft, today, **options):
    with pytest.raises(patients.InvalidPatient) as refused:
        patients.validate(draft, today, **options)
    return refused.value


def test_a_good_draft_passes_unchanged(today):
    assert patients.validate(ADA, today, needs_contact=True) == ADA


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("first_name", "  Ada \t Augusta\n", "Ada Augusta"),
        ("last_name", "Gue\u0301rin", "Gu\u00e9rin"),
        ("last_name", "\ufeffLove\u200blace", "Lovelace"),
        ("last_name", "علی\u200cپور", "علی\u200cپور"),
        ("last_name", "O'Brien-Łukasz", "O'Brien-Łukasz"),
        ("last_name", "x" * 50, "x" * 50),
        ("date_of_birth", date(1900, 1, 1), date(1900, 1, 1)),
        ("date_of_birth", date(2026, 11, 20), date(2026, 11, 20)),
        ("sex", "other", Sex.OTHER),
        ("email", " Ada@EXAMPLE.org ", "Ada@example.org"),
        ("email", "", None),
        ("email", "ada@bücher.example", "ada@bücher.example"),
        ("phone_number", "+44 (1632) 960-983", "+441632960983"),
        ("phone_number", "030.1234/5678", "03012345678"),
        ("phone_number", "0301234567", "0301234567"),
        ("last_name", "Love\u202elace\u202c", "Lovelace"),
        ("last_name", "\u200fLovelace\u061c", "Lovelace"),
        ("last_name", "می\u200cخواهم", "می\u200cخواهم"),
        ("phone_number", "   ", None),
        ("phone_number", "\u202a+49 30 1234567\u202c", "+49301234567"),
        ("address", " 1  High\nStreet ", "1 High Street"),
        ("emergency_contact", "", None),
        ("allergies", (" Latex", "", "latex", "Nuts "), ("Latex", "Nuts")),
        ("medical_history", ("x" * 200,), ("x" * 200,)),
        ("current_medications", ["Aspirin"], ("Aspirin",)),
    ],
)
def test_what_is_typed_is_kept_in_one_tidy_form(today, field, typed, kept):
    draft = patients.validate(ada(**{field: typed}), today)

    assert getattr(draft, field) == kept


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("first_name", " \t ", "First name is missing; enter it."),
        ("first_name", None, "First name is missing; enter it."),
        ("last_name", "\u200b", "Last name is missing; enter it."),
        ("last_name", "x" * 51, "Last name is too long; shorten it to 50"),
        ("last_name", "Love\x00lace", "invisible control characters"),
        ("last_name", "Love\x1blace", "invisible control characters"),
        ("last_name", "\u202e\u200f", "Last name is missing; enter it."),
        ("last_name", "Love\ud800lace", "invisible control characters"),
        ("date_of_birth", date(1899, 12, 31), "between 1 January 1900 and today"),
        ("date_of_birth", date(2026, 11, 21), "between 1 January 1900 and today"),
        ("date_of_birth", None, "Date of birth is missing"),
        (
            "date_of_birth",
            datetime(1980, 5, 17, tzinfo=UTC),
            "Date of birth is missing",
        ),
        ("sex", "f", "choose female, male, other or unknown"),
        ("email", "ada", "E-mail is not an address"),
        ("email", "ada@localhost", "E-mail is not an address"),
        ("email", "a b@example.org", "E-mail is not an address"),
        ("email", "ada@example.org\x00", "invisible control characters"),
        (
            "email",
            f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.org",
            "E-mail is too long",
        ),
        ("phone_number", "123456789", "10 to 15 digits"),
        ("phone_number", "1234567890123456", "10 to 15 digits"),
        ("phone_number", "0301234567 ext 5", "leave out extensions"),
        ("phone_number", "0301+234567", "10 to 15 digits"),
        ("phone_number", "٠٣٠١٢٣٤٥٦٧", "10 to 15 digits"),
        ("address", "x" * 101, "Address is too long; shorten it to 100"),
        ("emergency_contact", "x" * 51, "Emergency contact is too long"),
        ("allergies", ("x" * 201,), "Allergies has an entry that is too long"),
        ("allergies", ("a\x00b",), "Allergies contains invisible control characters"),
        ("medical_history", tuple(map(str, range(101))), "keep at most 100"),
        ("no_known_allergies", True, "ticked but allergies are listed"),
    ],
)
def test_a_broken_rule_is_a_sentence_about_its_field(today, field, typed, said):
    refusal = refusal_of(ada(**{field: typed}), today)

    assert refusal.property_name == field
    assert [problem.field for problem in refusal.problems] == [field]
    assert said in str(refusal)


def test_all_problems_are_told_at_once_in_the_order_of_the_form(today):
    refusal = refusal_of(
        ada(phone_number="1", first_name="", date_of_birth=date(1880, 1, 1)), today
    )

    names = [problem.field for problem in refusal.problems]
    assert names == ["first_name", "date_of_birth", "phone_number"]
    assert refusal.property_name == "first_name"


def test_a_refusal_does_not_repeat_what_was_typed(today):
    refusal = refusal_of(ada(email="secret", phone_number="secret"), today)

    assert "secret" not in str(refusal)


def test_registration_needs_a_way_to_reach_the_patient(today):
    unreachable = ada(email=None, phone_number=" ")

    assert patients.validate(unreachable, today).phone_number is None
    refusal = refusal_of(unreachable, today, needs_contact=True)
    assert "e-mail are both empty" in str(refusal)


@pytest.mark.parametrize("left", ["email", "phone_number"])
def test_one_way_to_reach_the_patient_is_enough(today, left):
    emptied = {"email": None, "phone_number": None} | {left: getattr(ADA, left)}

    patients.validate(ada(**emptied), today, needs_contact=True)


def test_a_misspelled_email_is_not_also_called_missing(today):
    refusal = refusal_of(
        ada(email="ada@", phone_number=None), today, needs_contact=True
    )

    assert [problem.field for problem in refusal.problems] == ["email"]


def test_no_known_allergies_may_be_stated_when_none_are_listed(today):
    stated = ada(allergies=("  ",), no_known_allergies=True)

    assert patients.validate(stated, today).no_known_allergies


def test_validating_twice_changes_nothing_more(today):
    once = patients.validate(
        ada(first_name=" A\u0301  b ", phone_number="(030) 1234-567"), today
    )

    assert patients.validate(once, today) == once
