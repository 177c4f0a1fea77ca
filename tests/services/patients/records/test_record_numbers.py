"""Record numbers: those that PostgreSQL assigns, and those that people type."""

import re
from itertools import combinations
from math import gcd
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db import schema
from db.models.patient import Patient
from services.patients.records import record_numbers
from tests.kit import cast

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SERIES = text(
    "SELECT record_number(place) FROM generate_series(0, 9068735, :step) place"
)


@pytest.fixture
def given(session: Session) -> list[str]:
    """Numbers from all over the series."""
    return list(session.scalars(SERIES, {"step": 9973}))


def test_each_patient_is_given_a_number_of_their_own(session: Session):
    numbers = {cast.add_patient(session).record_number for _ in range(3)}

    assert len(numbers) == 3
    assert all(map(record_numbers.is_valid, numbers))


def test_numbers_do_not_count_up(session: Session):
    first, second = (cast.add_patient(session).record_number for _ in range(2))

    assert sum(a != b for a, b in zip(first, second, strict=True)) >= 3


def test_no_number_is_given_twice_and_each_begins_with_a_digit(session: Session):
    counted = session.execute(
        text(
            "SELECT count(DISTINCT number), min(number), max(number) FROM ("
            'SELECT record_number(place) COLLATE "C" AS number '
            "FROM generate_series(0, 9068735, 97) AS place) AS given"
        )
    ).one()

    assert counted[0] == 9068735 // 97 + 1
    assert "0" <= counted[1][0] <= counted[2][0] <= "9"


def test_each_place_of_the_series_has_a_number_of_its_own():
    file = Path(schema.__file__).with_name("functions") / "record_numbers.sql"
    factor, size = re.search(r"place \* (\d+) % (\d+)", file.read_text()).groups()

    assert gcd(int(factor), int(size)) == 1


def test_every_number_of_the_series_is_found_and_right(given: list[str]):
    assert len(given) > 900
    assert all(record_numbers.parse(number) == number for number in given)
    assert all(map(record_numbers.is_valid, given))


def test_one_wrong_character_shows_wherever_it_is(given: list[str]):
    for number in given[::50]:
        for place, right in enumerate(number):
            wrong = (c for c in ALPHABET if c != right)
            typed = (f"{number[:place]}{c}{number[place + 1 :]}" for c in wrong)
            assert not any(map(record_numbers.is_valid, typed)), number


def test_two_characters_that_changed_places_show(given: list[str]):
    for number in given:
        for a, b in combinations(range(5), 2):
            swapped = list(number)
            swapped[a], swapped[b] = swapped[b], swapped[a]
            same = number[a] == number[b]
            assert record_numbers.is_valid("".join(swapped)) is same, number


def test_the_check_character_and_its_neighbour_cannot_change_places(given: list[str]):
    for number in given:
        swapped = f"{number[:4]}{number[5]}{number[4]}"
        assert swapped == number or not record_numbers.is_valid(swapped)


@pytest.mark.parametrize("typed", ["47txzf", "47T-XZF", " 47t xzf ", "47t-xzf"])
def test_a_number_is_read_however_it_is_typed(typed: str):
    assert record_numbers.parse(typed) == "47TXZF"


@pytest.mark.parametrize(
    "typed",
    [
        "Oliver",
        "martin",
        "ann lee",
        "Ian 1980",
        "47TXZ",
        "47TXZFA",
        "47-TXZF",
        "47TXZU",
    ],
)
def test_names_and_other_texts_are_no_numbers(typed: str):
    assert record_numbers.parse(typed) is None


@pytest.mark.parametrize("typed", ["Oo1-a2b", "0Oi-A2B", "00LA2B"])
def test_letters_that_look_like_digits_are_read_as_those(typed: str):
    assert record_numbers.parse(typed) == "001A2B"


def test_a_number_is_shown_in_two_halves():
    assert record_numbers.formatted("47TXZF") == "47T-XZF"


def test_the_previous_version_which_knows_no_numbers_registers_patients(
    session: Session,
):
    session.execute(
        text(
            "INSERT INTO patients (first_name, last_name, date_of_birth) "
            "VALUES ('Alan', 'Turing', '1912-06-23')"
        )
    )

    number = session.query(Patient.record_number).filter_by(last_name="Turing").scalar()
    assert record_numbers.is_valid(number)
