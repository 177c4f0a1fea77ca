"""The rules inside the widgets, tested without a page."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from dashboard.patients.records.choose_fields import differing, mine_over, shown
from dashboard.patients.search.patient_table import allergies_cell
from dashboard.ui.language import long_date
from dashboard.ui.lists.sorting import reordered
from dashboard.ui.record_table import TableEvent, chosen_of
from dashboard.ui.words import aged, plain, unlinked
from services.lists.criteria import Direction, Order
from services.patients.records.model import PatientDraft, PatientRecord, Sex
from tests.kit import cast

TODAY = date(2026, 11, 20)
UP, DOWN = Direction.ASC, Direction.DESC


def patient(**fields) -> PatientRecord:
    return cast.make_record(PatientDraft(**cast.identity_of(cast.ADA)), **fields)


@pytest.mark.parametrize(
    ("before", "clicked", "adds", "after"),
    [
        ((), "name", False, (("name", UP),)),
        ((("name", UP),), "name", False, (("name", DOWN),)),
        ((("name", DOWN),), "name", False, ()),
        ((("name", UP),), "born", False, (("born", UP),)),
        ((("name", UP),), "born", True, (("name", UP), ("born", UP))),
        ((("name", UP), ("born", UP)), "name", True, (("name", DOWN), ("born", UP))),
        ((("name", DOWN), ("born", UP)), "name", True, (("born", UP),)),
    ],
    ids=["up", "down", "off", "other", "added", "turned in place", "taken out"],
)
def test_a_click_on_a_header_turns_the_order(before, clicked, adds, after):
    orders = tuple(Order(field, direction) for field, direction in before)

    turned = reordered(orders, TableEvent(sort=clicked, adds_key=adds))

    assert tuple((order.field, order.direction) for order in turned) == after


@pytest.mark.parametrize(
    "typed",
    [
        *("*bold*", "[a](http://b)", "# head", ":red[x]", "a_b_c", "<b>", "$x$"),
        *("`code`", "~~gone~~", "a | b", "&amp;", "> said"),
    ],
)
def test_what_was_typed_is_never_read_as_markdown(typed):
    escaped = plain(typed)

    assert escaped.replace("\\", "") == typed
    assert all(
        escaped[place - 1] == "\\"
        for place, sign in enumerate(escaped)
        if sign in "*[]#_<>$`~|&"
    )


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("1. one", "1\\. one"),
        ("12)", "12\\)"),
        ("one\n  2. two", "one\n  2\\. two"),
        ("- one", "\\- one"),
        ("+ one", "\\+ one"),
        ("one\n---", "one\n\\---"),
        ("one\n===", "one\n\\==="),
    ],
)
def test_a_line_that_was_typed_begins_no_list_and_no_heading(typed, escaped):
    assert plain(typed) == escaped


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        (":red[x]", "\\:red\\[x\\]"),
        ("a :smile: b", "a \\:smile\\: b"),
        ("::+1::", ":\\:+1\\::"),
        (":material/home:", ":\u2060material/home:"),
        (":streamlit:", ":\u2060streamlit:"),
    ],
)
def test_a_colon_that_was_typed_makes_no_colour_and_no_picture(typed, escaped):
    assert plain(typed) == escaped


@pytest.mark.parametrize("signs", ["--", "->", "<-", "<->", ">=", "<=", "~="])
def test_signs_that_were_typed_become_no_arrow_and_no_dash(signs):
    """Streamlit replaces them where they stand alone, and after the escapes."""
    escaped = plain(f"K {signs} 5")

    assert escaped.replace("\\", "") == f"K \u2060{signs} 5"


@pytest.mark.parametrize(
    "sentence",
    [
        "Blue is taken at 08:00.",
        "Phone number must have 10 to 15 digits, with a + before a country code.",
        "There is no such booking (perhaps it is over): look again!",
        "+49 30 123456, 12.5 mg, self-employed",
    ],
)
def test_a_sentence_without_such_signs_stays_as_it_is(sentence):
    assert plain(sentence) == sentence


def test_an_address_becomes_no_link_where_links_do_not_belong():
    assert "ada@" not in unlinked("ada@example.org")
    assert "://" not in unlinked("https://example.org")


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (date(2026, 11, 20), "0 days"),
        (date(2026, 11, 19), "1 day"),
        (date(2026, 10, 21), "30 days"),
        (date(2026, 10, 20), "1 month"),
        (date(2024, 11, 21), "23 months"),
        (date(2024, 11, 20), "2 years"),
        (date(1926, 11, 21), "99 years"),
    ],
)
def test_infants_are_aged_in_months_and_newborns_in_days(born, age):
    assert aged(patient(date_of_birth=born), TODAY) == age


def test_a_day_reads_the_same_in_every_country():
    assert long_date(date(1980, 2, 1)) == "1 February 1980"


@pytest.mark.parametrize(
    ("fields", "text", "tone"),
    [
        ({"allergies": ("Latex",)}, "Latex", "danger"),
        ({"allergies": ("A", "B", "C", "D")}, "A, B +2", "danger"),
        ({"no_known_allergies": True}, "None known", "ok"),
        ({}, "Not stated", "warn"),
        (
            {"allergies": ("A",), "deleted_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "Archived",
            "muted",
        ),
    ],
)
def test_a_row_shows_one_status(fields, text, tone):
    cell = allergies_cell(patient(**fields))

    assert (cell.text, cell.tone) == (text, tone)


def test_only_what_this_person_changed_goes_over_the_newer_version():
    opened = cast.ada(last_name="Byron")
    typed = replace(opened, last_name="Lovelace")
    current = replace(opened, last_name="King", address="1 New Road")

    merged = mine_over(opened, typed, current)

    assert (merged.last_name, merged.address) == ("Lovelace", "1 New Road")
    assert differing(merged, current) == ("last_name",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "Empty"),
        ("", "Empty"),
        ((), "Empty"),
        (True, "Yes"),
        (False, "No"),
        (("A", "B"), "A, B"),
        (date(1980, 2, 1), "1 February 1980"),
        (Sex.UNKNOWN, "Unknown"),
        ("1 Road", "1 Road"),
    ],
)
def test_a_value_is_shown_in_words(value, words):
    assert shown(value) == words


def test_the_row_of_a_deed_is_found_among_those_that_are_shown():
    ada, ben = patient(), patient(first_name="Ben")
    opened, gone = (
        TableEvent(action=(str(ben.id), "open")),
        TableEvent(action=(str(uuid4()), "open")),
    )

    chosen = [
        chosen_of(event, [ada, ben], lambda shown: shown.id)
        for event in (opened, gone, TableEvent())
    ]

    assert chosen == [ben, None, None]
