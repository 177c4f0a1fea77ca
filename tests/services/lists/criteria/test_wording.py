"""Criteria in plain words."""

import pytest

from services.core.errors import InvalidInput
from services.lists import criteria
from services.lists.criteria import (
    OPERATORS,
    Combine,
    Count,
    Criteria,
    Filter,
    Group,
    Kind,
    Operator,
)
from services.patients.search.fields import FIELDS

BORN = Filter("date_of_birth", Operator.GREATER_THAN, "1980-01-01")
ALLERGIC = Filter("allergies", Operator.HAS, "penicillin")
TAKING = Filter("current_medications", Operator.HAS, "ibuprofen")
AFTER_1980 = "born after 1 January 1980"
FEMALE = Filter("sex", Operator.EQUAL, "female")


def all_of(*members):
    return Group(Combine.AND, members)


def any_of(*members):
    return Group(Combine.OR, members)


FORTY_ONE = Count(41)


def said(list_criteria, count=FORTY_ONE):
    return criteria.sentence(list_criteria, FIELDS, count)


def test_the_sentence_of_the_issue():
    assert (
        said(Criteria(all_of(BORN, ALLERGIC)))
        == "41 patients born after 1 January 1980 and allergic to penicillin"
    )


@pytest.mark.parametrize(
    ("count", "begins"),
    [
        (Count(0), "No patients"),
        (Count(1), "1 patient"),
        (Count(2), "2 patients"),
        (Count(1234), "1,234 patients"),
        (Count(10_000, is_exact=False), "over 10,000 patients"),
        (Count(238_412, is_exact=False, is_estimate=True), "about 240,000 patients"),
        (Count(1, is_exact=False, is_estimate=True), "about 1 patient"),
    ],
    ids=str,
)
def test_the_count_comes_first(count, begins):
    assert said(Criteria(), count) == begins
    assert said(Criteria(all_of(BORN)), count) == f"{begins} born after 1 January 1980"


@pytest.mark.parametrize(
    ("field", "operator", "value", "words"),
    [
        ("last_name", "EQUAL", "Doe", "whose last name is “Doe”"),
        ("last_name", "NOT_EQUAL", "Doe", "whose last name is not “Doe”"),
        ("last_name", "LESS_THAN", "L", "whose last name comes before “L”"),
        (
            "last_name",
            "LESS_THAN_OR_EQUAL",
            "L",
            "whose last name is “L” or comes before it",
        ),
        ("last_name", "GREATER_THAN", "L", "whose last name comes after “L”"),
        (
            "last_name",
            "GREATER_THAN_OR_EQUAL",
            "L",
            "whose last name is “L” or comes after it",
        ),
        ("first_name", "CONTAINS", "{}", "whose first name contains “{}”"),
        ("address", "STARTS_WITH", "1 ", "whose address starts with “1”"),
        ("last_name", "IN", ("A", "B", "C"), "whose last name is “A”, “B” or “C”"),
        ("email", "IS_EMPTY", True, "with no e-mail address"),
        ("email", "IS_EMPTY", "false", "with an e-mail address"),
        ("phone_number", "EQUAL", "030 1", "whose phone number is “0301”"),
        ("date_of_birth", "EQUAL", "31.1.1980", "born on 31 January 1980"),
        ("date_of_birth", "NOT_EQUAL", "1980-01-31", "not born on 31 January 1980"),
        ("date_of_birth", "LESS_THAN", "1980-01-31", "born before 31 January 1980"),
        (
            "date_of_birth",
            "LESS_THAN_OR_EQUAL",
            "1980-01-31",
            "born on or before 31 January 1980",
        ),
        (
            "date_of_birth",
            "IN",
            "1980-01-31,1980-02-01",
            "born on 31 January 1980 or 1 February 1980",
        ),
        ("age", "EQUAL", "40", "aged 40"),
        ("age", "NOT_EQUAL", "40", "not aged 40"),
        ("age", "LESS_THAN", "18", "younger than 18"),
        ("age", "LESS_THAN_OR_EQUAL", "18", "aged 18 or younger"),
        ("age", "GREATER_THAN", "64", "older than 64"),
        ("age", "GREATER_THAN_OR_EQUAL", "65", "aged 65 or older"),
        ("age", "IN", ("4", "5"), "aged 4 or 5"),
        ("sex", "EQUAL", "Female", "whose sex is female"),
        ("sex", "NOT_EQUAL", "male", "whose sex is not male"),
        ("sex", "IN", ("male", "other"), "whose sex is male or other"),
        ("allergies", "NOT_EQUAL", "latex", "not allergic to latex"),
        (
            "allergies",
            "CONTAINS",
            "cillin",
            "allergic to something containing “cillin”",
        ),
        ("allergies", "IS_EMPTY", True, "with no allergies listed"),
        ("allergies", "IS_EMPTY", False, "with allergies listed"),
        ("no_known_allergies", "EQUAL", "true", "stated to have no known allergies"),
        ("medical_history", "HAS", "asthma", "with a history of asthma"),
        ("medical_history", "NOT_EQUAL", "asthma", "without a history of asthma"),
        ("current_medications", "NOT_EQUAL", "aspirin", "not taking aspirin"),
        ("created_at", "EQUAL", "2026-11-20", "registered on 20 November 2026"),
        (
            "updated_at",
            "GREATER_THAN_OR_EQUAL",
            "2026-11-20T09:05Z",
            "last changed on or after 20 November 2026 09:05",
        ),
        ("date_of_birth", "EQUAL", "1980", "born in 1980"),
        ("date_of_birth", "NOT_EQUAL", "1980", "not born in 1980"),
        ("date_of_birth", "GREATER_THAN", "1980", "born after 1980"),
        ("date_of_birth", "LESS_THAN_OR_EQUAL", "1980", "born in or before 1980"),
        (
            "date_of_birth",
            "IN",
            ("1980", "1982", "1990-01-31"),
            "born in 1980 or 1982 or on 31 January 1990",
        ),
        ("date_of_birth", "BETWEEN", ("1980", "1989"), "born between 1980 and 1989"),
        (
            "date_of_birth",
            "BETWEEN",
            "1980-01-01,31.01.1980",
            "born between 1 January 1980 and 31 January 1980",
        ),
        ("date_of_birth", "IN_THE_LAST", "4 weeks", "born in the last 4 weeks"),
        ("birth_year", "BETWEEN", ("1980", "1989"), "born between 1980 and 1989"),
        ("age", "BETWEEN", ("18", "65"), "aged 18 to 65"),
        ("created_at", "IN_THE_LAST", "30 Days", "registered in the last 30 days"),
        ("created_at", "IN_THE_LAST", "1 months", "registered in the last month"),
        (
            "created_at",
            "BETWEEN",
            ("2025", "2026-11-20"),
            "registered between 2025 and 20 November 2026",
        ),
        ("created_at", "LESS_THAN", "2026", "registered before 2026"),
        (
            "id",
            "EQUAL",
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            "whose patient id is 01890a5d-ac96-774b-bcce-b302099a8057",
        ),
    ],
)
def test_every_comparison_has_words(field, operator, value, words):
    list_criteria = Criteria(all_of(Filter(field, Operator(operator), value)))

    assert said(list_criteria) == f"41 patients {words}"


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (any_of(ALLERGIC, TAKING), "allergic to penicillin or taking ibuprofen"),
        (
            any_of(ALLERGIC, TAKING, FEMALE),
            "allergic to penicillin, taking ibuprofen or whose sex is female",
        ),
        (
            all_of(BORN, any_of(ALLERGIC, TAKING)),
            f"{AFTER_1980} and (allergic to penicillin or taking ibuprofen)",
        ),
        (
            all_of(BORN, all_of(ALLERGIC, all_of(TAKING))),
            "born after 1 January 1980, allergic to penicillin and taking ibuprofen",
        ),
        (any_of(all_of(any_of(BORN))), "born after 1 January 1980"),
        (
            any_of(all_of(BORN), all_of(ALLERGIC, TAKING)),
            f"{AFTER_1980} or (allergic to penicillin and taking ibuprofen)",
        ),
        (all_of(BORN, any_of(), all_of()), "born after 1 January 1980"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_parentheses_stand_only_where_and_meets_or(where, words):
    assert said(Criteria(where)) == f"41 patients {words}"


def test_the_search_is_said_first_and_applies_to_all():
    assert (
        said(Criteria(any_of(ALLERGIC, TAKING), search=" ada  k "))
        == "41 patients matching “ada k” and "
        "(allergic to penicillin or taking ibuprofen)"
    )
    assert said(Criteria(search="ada")) == "41 patients matching “ada”"


def test_archived_patients_are_called_so():
    assert said(Criteria(archived=True), Count(3)) == "3 archived patients"


@pytest.mark.parametrize("kind", Kind)
def test_every_operator_has_a_label_for_every_kind_that_knows_it(kind):
    labels = [criteria.operator_label(operator, kind) for operator in OPERATORS[kind]]

    assert len(set(labels)) == len(labels)


def test_an_operator_has_no_label_for_a_kind_that_does_not_know_it():
    with pytest.raises(InvalidInput):
        criteria.operator_label(Operator.HAS, Kind.TEXT)
