"""Criteria read from the parameters of a URL."""

from urllib.parse import parse_qsl

import pytest

from services.core.errors import InvalidInput
from services.lists import criteria
from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Operator,
    Order,
)
from services.patients.search.fields import FIELDS


def read(query):
    return criteria.from_query(parse_qsl(query, keep_blank_values=True), FIELDS)


def test_the_example_of_the_design_is_read():
    list_query = read(
        "1_field=last_name&1_operator=EQUAL&1_value=Doe"
        "&orderBy=date_of_birth&order=desc&page=1&per_page=20"
    )

    assert list_query.criteria == Criteria(
        Group(Combine.AND, (Filter("last_name", Operator.EQUAL, "Doe"),)),
        orders=(Order("date_of_birth", Direction.DESC),),
    )
    assert (list_query.page, list_query.per_page) == (1, 20)


def test_without_parameters_it_is_the_first_ten_of_everybody():
    list_query = read("")

    assert list_query.criteria == Criteria()
    assert (list_query.page, list_query.per_page) == (1, 10)


def test_indices_may_start_anywhere_and_come_in_any_order():
    list_query = read(
        "7_value=male&7_field=sex&3_field=last_name&3_value=L"
        "&7_operator=EQUAL&3_operator=less_than"
    )

    assert list_query.criteria.where.members == (
        Filter("last_name", Operator.LESS_THAN, "L"),
        Filter("sex", Operator.EQUAL, "male"),
    )


@pytest.mark.parametrize(
    "query", ["0_value=Doe,Roe", "0_value=Doe&0_value=Roe", "0_value=Doe%2C%20Roe"]
)
def test_several_values_are_repeated_or_separated_by_commas(query):
    list_query = read(f"0_field=last_name&0_operator=IN&{query}")

    assert list_query.criteria.where.members[0].value == ("Doe", "Roe")


@pytest.mark.parametrize(
    "query",
    ["0_value=1980,1989", "0_value=1980&0_value=1989", "0_value=1980%2C%201989"],
)
def test_both_ends_are_repeated_or_separated_by_a_comma(query):
    list_query = read(f"0_field=date_of_birth&0_operator=between&{query}")

    assert list_query.criteria.where.members == (
        Filter("date_of_birth", Operator.BETWEEN, ("1980", "1989")),
    )


def test_the_last_days_are_a_number_and_a_unit():
    list_query = read("0_field=created_at&0_operator=IN_THE_LAST&0_value=30 days")

    assert list_query.criteria.where.members[0].value == "30 days"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("0_operator=BETWEEN&0_value=1980", "enter both ends"),
        ("0_operator=BETWEEN&0_value=1980,", "enter both ends"),
        ("0_operator=BETWEEN&0_value=1980,1981,1982", "enter both ends"),
        ("0_operator=BETWEEN&0_value=1990,1980", "swap them"),
        ("0_operator=IN_THE_LAST&0_value=soon", "for example 30 days"),
        ("0_operator=IN_THE_LAST&0_value=1980-01-31", "for example 30 days"),
        ("0_operator=IN_THE_LAST&0_value=3", "for example 30 days"),
    ],
)
def test_what_is_no_stretch_of_time_is_refused_where_it_is_written(query, said):
    with pytest.raises(InvalidInput, match=said) as refused:
        read(f"0_field=date_of_birth&{query}")

    assert refused.value.property_name == "0_value"


def test_a_comma_belongs_to_the_value_of_other_operators():
    list_query = read("0_field=address&0_operator=EQUAL&0_value=1 High St, Ely")

    assert list_query.criteria.where.members[0].value == "1 High St, Ely"


def test_or_search_and_archive_are_parameters_too():
    list_query = read("combine=or&search=ada&archived=true").criteria

    assert list_query == Criteria(Group(Combine.OR), search="ada", archived=True)


@pytest.mark.parametrize(
    ("query", "directions"),
    [
        ("orderBy=sex,age", "ASC ASC"),
        ("orderBy=sex,age&order=DESC", "DESC DESC"),
        ("orderBy=sex,age&order=asc,desc", "ASC DESC"),
        ("orderBy=sex, age, last_name&order=desc,asc", "DESC ASC ASC"),
    ],
)
def test_several_sort_keys_take_one_direction_or_one_each(query, directions):
    orders = read(query).criteria.orders

    assert [order.direction for order in orders] == directions.split()


@pytest.mark.parametrize(
    ("query", "property_name", "says"),
    [
        ("0_field=x&0_operator=EQUAL&0_value=1", "0_field", 'no field "x"'),
        ("0_field=sex&0_operator=LIKE&0_value=1", "0_operator", 'operator "LIKE"'),
        ("0_field=sex&0_operator=HAS&0_value=1", "0_operator", "sex cannot be"),
        ("5_field=sex&5_operator=EQUAL", "5_value", "5_value is missing"),
        ("5_field=sex&5_operator=EQUAL&5_value=", "5_value", "5_value is missing"),
        ("5_field=sex&5_value=male", "5_operator", "5_operator is missing"),
        ("5_operator=EQUAL&5_value=male", "5_field", "5_field is missing"),
        ("0_field=sex&0_operator=EQUAL&0_value=x", "0_value", "one of: female"),
        ("0_field=sex&0_operator=IN&0_value=male,", "0_value", "missing"),
        ("0_field=age&0_operator=EQUAL&0_value=-1", "0_value", "whole number"),
        ("0_field=age&0_operator=EQUAL&0_value=1e2", "0_value", "whole number"),
        (
            "0_field=date_of_birth&0_operator=EQUAL&0_value=1980-01-1998",
            "0_value",
            "not a valid date",
        ),
        ("0_field=id&0_operator=EQUAL&0_value=7", "0_value", "an identifier"),
        ("0_field=phone_number&0_operator=EQUAL&0_value=ab", "0_value", "digits"),
        ("0_field=email&0_operator=IS_EMPTY&0_value=maybe", "0_value", "true or"),
        ("0_field=sex&0_field=age", "0_field", "more than once"),
        ("orderBy=x", "x", 'sorted by "x"'),
        ("orderBy=no_known_allergies", "no_known_allergies", "cannot be sorted"),
        ("orderBy=sex,sex", "orderBy", "only once"),
        ("orderBy=sex&order=UP", "order", "ASC, DESC"),
        ("orderBy=sex&order=asc,asc", "order", "more parts"),
        ("order=DESC", "order", "orderBy"),
        ("orderBy=&order=DESC", "order", "orderBy"),
        ("page=0", "page", "from 1"),
        ("page=1.5", "page", "whole number"),
        ("page=%C2%B2", "page", "whole number"),
        ("per_page=1001", "per_page", "to 1,000"),
        ("per_page=99999999999999999999", "per_page", "to 1,000"),
        ("page=1&page=2", "page", "more than once"),
        ("combine=XOR", "combine", "AND, OR"),
        ("archived=2", "archived", "true or false"),
        ("oderBy=sex", "oderBy", 'no parameter "oderBy"'),
        ("search=%00", "search", "character"),
    ],
)
def test_what_is_wrong_is_named(query, property_name, says):
    with pytest.raises(InvalidInput, match=says) as refusal:
        read(query)

    assert refusal.value.property_name == property_name


def test_a_refusal_does_not_repeat_what_was_typed_as_a_value():
    with pytest.raises(InvalidInput) as refusal:
        read("0_field=date_of_birth&0_operator=EQUAL&0_value=Secretface")

    assert "Secretface" not in str(refusal.value)
