"""Lists as Excel workbooks: what is text stays text."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed
from services.lists import workbooks
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from tests.kit import cast


def opened(session, actor, criteria=Criteria()) -> Worksheet:  # noqa: B008
    (whole,) = search.export_workbook(session, actor, criteria)
    book = load_workbook(io.BytesIO(whole))
    assert book.active is not None
    return book.active


def cells_of(sheet: Worksheet) -> dict[str, Any]:
    heading, row = sheet.iter_rows()
    return {head.value: cell for head, cell in zip(heading, row, strict=True)}


@pytest.mark.parametrize("number", ["01632960000", "+441632960000"])
def test_a_telephone_number_is_text_as_it_was_typed(session, clerk, number):
    cast.add_patient(session, phone_number=number)

    cell = cells_of(opened(session, clerk))["phone_number"]

    assert (cell.value, cell.data_type) == (number, "s")


def test_what_looks_like_a_formula_or_an_address_is_text(session, clerk):
    cast.add_patient(session, last_name="=1+1", address="https://example.org")

    cells = cells_of(opened(session, clerk))

    assert (cells["last_name"].value, cells["last_name"].data_type) == ("=1+1", "s")
    assert cells["address"].hyperlink is None
    assert cells["address"].value == "https://example.org"


def test_a_day_is_a_day_and_what_is_missing_is_empty(session, clerk):
    cast.add_patient(session, email=None, allergies=["Nuts", "Latex"])

    sheet = opened(session, clerk)

    cells = cells_of(sheet)
    assert cells["date_of_birth"].value.date() == date(1980, 5, 17)
    assert cells["date_of_birth"].number_format == "yyyy-mm-dd"
    assert cells["email"].value is None
    assert cells["allergies"].value == "Nuts; Latex"
    assert sheet.freeze_panes == "A2"


def test_it_holds_the_list_that_is_asked_for(visit, clerk):
    wanted = Criteria(Group(members=(Filter("allergies", Operator.HAS, "penicillin"),)))
    page = search.list_patients(visit, clerk, wanted, size=1_000)

    sheet = opened(visit, clerk, wanted)

    ids = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert ids == [str(record.id) for record in page.rows]


def test_a_list_that_has_no_room_is_refused_with_what_to_do(
    session, clerk, monkeypatch
):
    monkeypatch.setattr(workbooks, "MOST_ROWS", 2)
    for _ in range(2):
        cast.add_patient(session)
    assert opened(session, clerk).max_row == 3

    cast.add_patient(session)

    with pytest.raises(
        InvalidInput, match=r"can have at most 2 rows here\. Use the CSV"
    ):
        opened(session, clerk)


def test_who_may_not_export_gets_none(session):
    admin = cast.add_actor(session, Role.ADMIN)

    with pytest.raises(NotAllowed):
        opened(session, admin)
