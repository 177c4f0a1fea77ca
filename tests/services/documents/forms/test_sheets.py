"""Papers with what nobody expects: rows higher than a page, letters no font has."""

from uuid import UUID

import pytest

from services.documents.forms.sheet import Sheet
from tests.services.documents.forms.samples import CLINIC, NOW, pages_of

COLUMNS = ("Date", "Doctor", "Reason", "State")


def sheet_of(text):
    return Sheet(
        clinic=CLINIC,
        title="T",
        subject="",
        document_id=UUID(int=1),
        now=NOW,
        text=text,
    )


@pytest.mark.parametrize(
    "reason",
    ["Pain, " * 800, "W" * 500, "\n".join(map(str, range(90))), "痛" * 500],
    ids=["many words", "one wide word", "many lines", "ideographs"],
)
def test_a_row_that_is_higher_than_a_page_continues_on_the_next(reason):
    """A patient may give a reason of any form, and a chart is printed with it."""
    sheet = sheet_of(reason)
    sheet.rows("Last visits", COLUMNS, [("1 May", "Dr Bo", reason, "Booked")] * 2)

    pages = pages_of(bytes(sheet.output()))

    assert len(pages) > 1
    printed = "".join("".join(pages).split())
    letter = reason[0]
    assert printed.count(letter) >= 2 * reason.count(letter)
    assert printed.count("Booked") == 2


def test_a_letter_that_no_font_has_is_a_box_and_not_nothing():
    """Otherwise a name of such letters would be an empty cell."""
    sheet = sheet_of("ராஜ் X")
    sheet.fact("Patient", "ராஜ் X")

    (page,) = pages_of(bytes(sheet.output()))

    assert "Patient□□□□ X" in page.replace("Patient ", "Patient").replace("\r\n", "")


@pytest.mark.parametrize("place", ["fact", "section", "rows"])
def test_words_that_a_tab_separates_stay_apart(place):
    """What is pasted from a table into the note of a prescription has tabs."""
    pasted = "Ramipril 2\t5 mg"
    sheet = sheet_of(pasted)
    match place:
        case "rows":
            sheet.rows("Drugs", COLUMNS[:2], [(pasted, "")])
        case _:
            getattr(sheet, place)("Drugs", pasted)

    (page,) = pages_of(bytes(sheet.output()))

    assert "Ramipril 2 5 mg" in page
