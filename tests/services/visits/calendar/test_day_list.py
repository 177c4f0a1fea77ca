"""The visits of a day on paper."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from dashboard.ui.language.papers import wording_in
from services.visits.calendar import day_list_pdf
from tests.services.documents.forms.samples import pages_of, words_of
from tests.services.visits.front_desk.tickets.test_tickets import CLINIC, NOW, VISIT


def test_a_name_in_letters_that_no_font_has_is_no_empty_cell():
    """At a desk whose screens are down, an empty cell would look like nobody."""
    visit = replace(VISIT, patient_name="ராஜேஷ்", listed_name="ராஜேஷ்")

    (page,) = pages_of(
        day_list_pdf([visit], VISIT.starts_at.date(), clinic=CLINIC, now=NOW)
    )

    assert "□□□" in page


def test_a_long_name_fits_on_a_line():
    long = "Maximiliane-Theodora von Hohenlohe"
    visit = replace(VISIT, patient_name=long)

    (page,) = pages_of(
        day_list_pdf([visit], VISIT.starts_at.date(), clinic=CLINIC, now=NOW)
    )

    assert long in page


@pytest.mark.parametrize("first", range(1, 5))
def test_no_doctors_name_is_left_alone_at_the_end_of_a_page(first):
    of_first = [VISIT] * first
    others = [
        replace(VISIT, doctor_id=uuid4(), doctor_name=f"Dr. Number {number}")
        for number in range(20)
    ]

    pages = pages_of(
        day_list_pdf(
            [*of_first, *others], VISIT.starts_at.date(), clinic=CLINIC, now=NOW
        )
    )

    last_lines = [page.splitlines()[-2] for page in pages]
    assert len(pages) > 1
    assert not [line for line in last_lines if line.startswith("Dr. Number")]


def test_the_list_is_in_the_clinics_language():
    german, day = wording_in(None, "de"), VISIT.starts_at.date()
    visit = replace(VISIT, patient_name=None, date_of_birth=date(1980, 3, 5))

    full = " ".join(
        words_of(day_list_pdf([visit], day, clinic=CLINIC, now=NOW, wording=german))
    )
    empty = " ".join(
        words_of(day_list_pdf([], day, clinic=CLINIC, now=NOW, wording=german))
    )

    for said in (
        "Termine des Tages",
        "Tag Dienstag, 21. Juli 2026, Uhrzeiten in CEST",
        "Dora Döctor, Raum 12 Zeit Patient Geboren Telefon",
        "Nicht mehr Ihr Patient 5. März 1980",
        "Seite 1 von 1",
    ):
        assert said in full
    assert "Termine Keine gebucht." in empty
