"""What the search box finds."""

from datetime import date

import pytest
from sqlalchemy import func

from services.core.errors import InvalidInput
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import record_numbers
from tests.kit import cast


@pytest.fixture
def people(session):
    """Four people, by first name."""
    return {
        first: cast.add_patient(
            session, first_name=first, last_name=last, date_of_birth=born
        )
        for first, last, born in [
            ("Zoë", "van der Berg", date(1980, 1, 31)),
            ("Anna-Maria", "O'Brien", date(1980, 2, 1)),
            ("Maria", "Zöllner (Berg)", date(1980, 1, 2)),
            ("Bergljot", "Smith-Jones", date(1955, 12, 24)),
        ]
    }


def first_names(session, actor, typed):
    page = search.list_patients(session, actor, Criteria(search=typed))
    return {row.first_name for row in page.rows}


@pytest.mark.parametrize(
    ("typed", "last_names"),
    [
        ("Müller", {"Müller", "Mueller"}),
        ("mueller", {"Müller", "Mueller"}),
        ("MU\u0308LLER", {"Müller", "Mueller"}),
        ("muell", {"Müller", "Mueller"}),
        ("gruen weissenboeck", {"Weißenböck"}),
        ("grün weißenböck", {"Weißenböck"}),
        ("weissenbock", {"Weißenböck"}),
        ("bauer", {"Bauer"}),
        ("joel", {"Joel"}),
    ],
)
def test_umlauts_are_found_as_they_are_spelt_without_them(
    session, clerk, typed, last_names
):
    """Also where somebody else is spelt as it was typed."""
    for last in ("Müller", "Mueller", "Weißenböck", "Bauer", "Baur", "Joel", "Jolanda"):
        cast.add_patient(session, first_name="Grün", last_name=last)

    page = search.list_patients(session, clerk, Criteria(search=typed))
    assert {row.last_name for row in page.rows} == last_names


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zoe", {"Zoë"}),
        ("ZOË  ", {"Zoë"}),
        ("berg", {"Zoë", "Maria", "Bergljot"}),
        ("berg zo", {"Zoë", "Maria"}),
        ("Berg, Zoe", {"Zoë"}),
        ("maria", {"Anna-Maria", "Maria"}),
        ("anna-maria", {"Anna-Maria"}),
        ("o'brien", {"Anna-Maria"}),
        ("O’Brien", {"Anna-Maria"}),
        ("OBrien", {"Anna-Maria"}),
        ("obri", {"Anna-Maria"}),
        ("brien", {"Anna-Maria"}),
        ("jones", {"Bergljot"}),
        ("der", {"Zoë"}),
        ("erg", set()),
        ("berg berg", {"Zoë", "Maria", "Bergljot"}),
        ("1980-01-31", {"Zoë"}),
        ("31.01.1980", {"Zoë"}),
        ("31/01/1980", {"Zoë"}),
        ("31 Jan 1980", {"Zoë"}),
        ("zoe 1980-01-31", {"Zoë"}),
        ("1980-01-31 maria", set()),
        ("01/02/1980", {"Anna-Maria", "Maria"}),
        ("1980-01-32", set()),
        ("???", set()),
        (".*", set()),
        ("-", set()),
        ("", {"Zoë", "Anna-Maria", "Maria", "Bergljot"}),
    ],
)
def test_parts_of_a_name_or_a_day_of_birth_find_a_patient(
    session, clerk, people, typed, names
):
    assert first_names(session, clerk, typed) == names


def test_an_id_finds_its_patient_however_it_is_written(session, clerk, people):
    wanted = people["Zoë"].id

    assert first_names(session, clerk, f" {wanted} ") == {"Zoë"}
    assert first_names(session, clerk, wanted.hex.upper()) == {"Zoë"}


@pytest.fixture
def reachable(session):
    """Three people who can be reached, by first name."""
    for first, phone, email in [
        ("Ann", "+441632867018", "ann@example.org"),
        ("Ben", "01632867019", "ben.a@example.org"),
        ("Cat", "+441632867018", "benny@example.org"),
    ]:
        born = date(1939 if first == "Ann" else 1980, 3, 4)
        cast.add_patient(
            session,
            first_name=first,
            last_name="Quill",
            date_of_birth=born,
            phone_number=phone,
            email=email,
        )


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("01632867018", {"Ann", "Cat"}),
        ("01632 867 018", {"Ann", "Cat"}),
        ("+44 1632 867018", {"Ann", "Cat"}),
        ("0044 1632 867018", {"Ann", "Cat"}),
        ("016328670", {"Ben"}),
        ("(01632) 867019", {"Ben"}),
        ("+44 1632 867019", {"Ben"}),
        ("00441632867019", {"Ben"}),
        ("+3901632867019", {"Ben"}),
        ("01632867011", set()),
        ("+44 1632 867011", set()),
        ("ann@example.org", {"Ann"}),
        ("BEN.A@example", {"Ben"}),
        ("ben%@example", set()),
        ("quill 1939", {"Ann"}),
        ("1980 quill", {"Ben", "Cat"}),
        ("quill 1900", set()),
    ],
)
def test_a_phone_number_an_address_or_a_year_beside_the_name_finds_them(
    session, clerk, reachable, typed, names
):
    assert first_names(session, clerk, typed) == names


def test_a_whole_page_pasted_into_the_box_is_refused(session, clerk):
    with pytest.raises(InvalidInput, match="at most 10 words"):
        first_names(session, clerk, "a " * 11)


def shown_number(person):
    return record_numbers.formatted(person.record_number)


@pytest.mark.parametrize(
    "write", [str, str.lower, lambda number: number.replace("-", " ")]
)
def test_a_record_number_finds_its_patient_however_it_is_written(
    session, clerk, people, write
):
    typed = write(shown_number(people["Maria"]))

    assert first_names(session, clerk, typed) == {"Maria"}


def test_a_mistyped_record_number_is_told_as_one(session, clerk, people):
    number = people["Maria"].record_number
    wrong = f"{number[:4]}{'A' if number[4] != 'A' else 'B'}{number[5]}"

    with pytest.raises(InvalidInput, match="mistyped"):
        first_names(session, clerk, wrong)


def test_six_digits_may_be_how_a_phone_number_begins(session, clerk):
    cast.add_patient(session, first_name="Grace", phone_number="123456789012")

    assert first_names(session, clerk, "123456") == {"Grace"}


def test_a_number_of_digits_alone_is_found_as_well(session, clerk):
    cast.add_patient(session, first_name="Grace", record_number="000000")

    assert first_names(session, clerk, "000-000") == {"Grace"}


def test_the_number_on_an_old_label_finds_what_its_record_was_merged_into(
    session, clerk, people
):
    old = people["Zoë"]
    old.deleted_at, old.merged_into_id = func.now(), people["Maria"].id
    session.flush()

    assert first_names(session, clerk, shown_number(old)) == {"Maria"}
