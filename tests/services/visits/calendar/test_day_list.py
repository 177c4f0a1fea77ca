"""The visits of a day on paper."""

from dataclasses import replace

from services.visits.calendar import day_list_pdf
from tests.services.documents.forms.samples import pages_of
from tests.services.visits.front_desk.tickets.test_tickets import CLINIC, NOW, VISIT


def test_a_name_in_letters_that_no_font_has_is_no_empty_cell():
    """At a desk whose screens are down, an empty cell would look like nobody."""
    visit = replace(VISIT, patient_name="ராஜேஷ்", listed_name="ராஜேஷ்")

    (page,) = pages_of(
        day_list_pdf([visit], VISIT.starts_at.date(), clinic=CLINIC, now=NOW)
    )

    assert "□□□" in page
