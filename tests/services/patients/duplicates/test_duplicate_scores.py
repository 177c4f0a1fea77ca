"""How likely two records are to be of one person, as tables of people."""

from datetime import date

import pytest

from services.patients.duplicates.scores import (
    LIKELY,
    Likeness,
    compare_names,
    near_dates,
    score,
    swapped_date,
)
from services.patients.records.model import PatientDraft, Sex
from tests.kit import cast

BORN = date(1980, 5, 6)
EVERYTHING = {
    "sex": Sex.MALE,
    "phone_number": "+441632960983",
    "email": "john@example.org",
    "address": "1 High Street",
}


def person(first, last, born=BORN, **fields):
    return PatientDraft(first_name=first, last_name=last, date_of_birth=born, **fields)


def weigh(first, second):
    return score(first, cast.make_record(second))


JOHN = person("John", "Smith")
PHONE, EMAIL, ADDRESS = (
    {name: EVERYTHING[name]} for name in ("phone_number", "email", "address")
)

ONE_PERSON = {
    "nothing but name and birth": (JOHN, JOHN),
    "a name with another spelling": (JOHN, person("Jon", "Smyth")),
    "accents left out": (person("Zoë", "Müller"), person("Zoe", "Mueller")),
    "hyphens and case": (
        person("Anne-Marie", "O'BRIEN"),
        person("Anne Marie", "Obrien"),
    ),
    "a second first name": (JOHN, person("John Paul", "Smith")),
    "one of two last names": (person("Ana", "García López"), person("Ana", "Garcia")),
    "an initial": (person("J.", "Smith"), JOHN),
    "first and last name in each other's box": (JOHN, person("Smith", "John")),
    "day and month exchanged": (JOHN, person("John", "Smith", date(1980, 6, 5))),
    "one digit wrong, same phone": (
        person("John", "Smith", **PHONE),
        person("John", "Smith", date(1988, 5, 6), **PHONE),
    ),
    "two digits exchanged, same e-mail": (
        person("John", "Smith", **EMAIL),
        person("John", "Smith", date(1908, 5, 6), **EMAIL),
    ),
    "married and moved, same phone": (
        person("Jane", "Smith", **PHONE),
        person("Jane", "Jones", **PHONE),
    ),
    "the sex mistyped": (
        person("Robin", "Smith", sex=Sex.FEMALE),
        person("Robin", "Smith", sex=Sex.MALE),
    ),
    "a new phone and e-mail": (
        person("John", "Smith", phone_number="+441632960983", email="a@b.org"),
        person("John", "Smith", phone_number="+441632960111", email="c@d.org"),
    ),
}
TWO_PEOPLE = {
    "twins": (
        person("Ann", "Smith", **EVERYTHING),
        person("Ben", "Smith", **EVERYTHING),
    ),
    "twins with names alike": (
        person("Maria", "Smith", **EVERYTHING | {"sex": Sex.FEMALE}),
        person("Mario", "Smith", **EVERYTHING),
    ),
    "father and son of one name": (
        person("John", "Smith", **PHONE, **ADDRESS),
        person("John", "Smith", date(1951, 12, 24), **PHONE, **ADDRESS),
    ),
    "a couple": (
        person("Jane", "Smith", **PHONE, **EMAIL, **ADDRESS),
        person("John", "Smith", date(1979, 1, 1), **PHONE, **EMAIL, **ADDRESS),
    ),
    "namesakes": (JOHN, person("John", "Smith", date(1955, 12, 24))),
    "namesakes a digit apart": (JOHN, person("John", "Smith", date(1980, 5, 7))),
    "born on one day": (JOHN, person("Kim", "Nguyen")),
    "strangers": (JOHN, person("Kim", "Nguyen", date(1955, 12, 24))),
    "neighbours": (
        person("John", "Smith", **ADDRESS),
        person("Kim", "Nguyen", date(1955, 12, 24), **ADDRESS),
    ),
}


@pytest.mark.parametrize(
    ("first", "second"), ONE_PERSON.values(), ids=ONE_PERSON.keys()
)
def test_one_person_is_likely_and_the_order_does_not_matter(first, second):
    score = weigh(first, second).value
    assert LIKELY <= score == weigh(second, first).value


@pytest.mark.parametrize(
    ("first", "second"), TWO_PEOPLE.values(), ids=TWO_PEOPLE.keys()
)
def test_two_people_are_not_likely_one(first, second):
    assert weigh(first, second).value < LIKELY
    assert weigh(first, second).value == weigh(second, first).value


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        (JOHN, JOHN, {"same name", "same date of birth"}),
        (
            person("Jon", "Smith"),
            JOHN,
            {"very similar name: Jon Smith / John Smith", "same date of birth"},
        ),
        (JOHN, person("Smith", "John"), {"first and last name swapped"}),
        (JOHN, person("John", "Smith", date(1980, 6, 5)), {"day and month swapped"}),
        (
            JOHN,
            person("John", "Smith", date(1981, 5, 6)),
            {"date of birth one digit off: 1980-05-06 / 1981-05-06"},
        ),
        (person("A", "B", **PHONE), person("C", "D", **PHONE), {"same phone"}),
        (
            person("A", "B", email="A@b.org"),
            person("C", "D", email="a@b.org"),
            {"same e-mail"},
        ),
        (person("A", "B", **ADDRESS), person("C", "D", **ADDRESS), {"same address"}),
        (
            person("Ann", "Smith"),
            person("Ben", "Smith"),
            {"different first name: Ann / Ben", "possibly twins"},
        ),
        (JOHN, person("John", "Jones"), {"different last name: Smith / Jones"}),
        (
            person("A", "B", sex=Sex.MALE),
            person("A", "B", sex=Sex.FEMALE),
            {"different sex"},
        ),
    ],
)
def test_the_reasons_say_what_was_compared(first, second, reasons):
    assert reasons <= set(weigh(first, second).reasons)


def test_the_weightiest_reason_comes_first():
    reasons = weigh(person("John", "Smith", **EMAIL), person("John", "Smith", **EMAIL))

    assert reasons.reasons == ("same name", "same date of birth", "same e-mail")


def test_the_same_person_twice_is_certain():
    everything = person("John", "Smith", **EVERYTHING)

    assert weigh(everything, everything).value == 100


def test_a_phone_with_and_without_its_country_code_is_the_same():
    first, second = (
        person("A", "B", phone_number=number)
        for number in ("+441632960983", "01632960983")
    )

    assert "same phone" in weigh(first, second).reasons


@pytest.mark.parametrize(
    ("first", "second", "likeness"),
    [
        ("Jon", "John", Likeness.SIMILAR),
        ("Eric", "Erik", Likeness.SIMILAR),
        ("Stephen", "Steven", Likeness.SIMILAR),
        ("Muhammad", "Mohammed", Likeness.SIMILAR),
        ("Brian", "Brain", Likeness.SIMILAR),
        ("Jack", "Jake", Likeness.OTHER),
        ("Jan", "Jon", Likeness.OTHER),
        ("Lee", "Li", Likeness.OTHER),
        ("Ødegård", "Odegard", Likeness.SAME),
        ("Łukasz", "LUKASZ", Likeness.SAME),
        ("Straße", "Strasse", Likeness.SAME),
        ("王", "李", Likeness.OTHER),
        ("王", "王", Likeness.SAME),
        ("-", "?", Likeness.OTHER),
        ("von der Leyen", "Leyen", Likeness.SIMILAR),
    ],
)
def test_names_are_compared_as_people_would(first, second, likeness):
    assert compare_names(first, second) is likeness
    assert compare_names(second, first) is likeness


def test_near_dates_are_one_slip_away_and_real():
    day = date(1980, 1, 31)

    near = near_dates(day)

    assert {date(1981, 1, 31), date(1980, 1, 30), date(1908, 1, 31)} <= set(near)
    assert day not in near
    assert all(date(1900, 1, 1) <= near_day for near_day in near)


def test_near_dates_are_those_that_score_as_near():
    day = date(1980, 1, 31)

    for near_day in near_dates(day):
        reasons = weigh(person("A", "B", day), person("A", "B", near_day)).reasons
        assert f"date of birth one digit off: {day} / {near_day}" in reasons


@pytest.mark.parametrize(
    ("day", "swapped"),
    [
        (date(1980, 5, 6), date(1980, 6, 5)),
        (date(1980, 5, 5), None),
        (date(1980, 5, 13), None),
    ],
)
def test_only_another_real_day_counts_as_swapped(day, swapped):
    assert swapped_date(day) == swapped
