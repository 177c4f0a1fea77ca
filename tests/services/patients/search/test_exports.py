"""Lists as CSV files."""

import csv
import io

import pytest
from sqlalchemy import insert, text

from db.models.patient import Patient
from services.core.errors import InvalidInput, NotAllowed, Unavailable
from services.lists.criteria import Criteria, Direction, Filter, Group, Operator, Order
from services.patients import search
from tests.kit import cast

EVERYBODY = Criteria()


def exported(session, actor, criteria=EVERYBODY):
    pieces = search.export_csv(session, actor, criteria)
    return list(csv.reader(io.StringIO("".join(pieces))))


def test_a_row_holds_what_is_kept_under_its_heading(session, clerk):
    patient = cast.add_patient(
        session,
        allergies=["Penicillin V", "Nuts; all kinds"],
        address='1 "Long" Street,\nEly',
        email=None,
    )

    heading, row = exported(session, clerk)

    cells = dict(zip(heading, row, strict=True))
    assert cells["id"] == str(patient.id)
    assert cells["last_name"] == "Lovelace"
    assert cells["date_of_birth"] == "1980-05-17"
    assert cells["allergies"] == "Penicillin V; Nuts; all kinds"
    assert cells["address"] == '1 "Long" Street,\nEly'
    assert cells["email"] == ""
    assert cells["no_known_allergies"] == "no"
    assert cells["created_at"] == patient.created_at.isoformat(timespec="seconds")


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(),
        Criteria(archived=True),
        Criteria(search="an", orders=(Order("age"), Order("email", Direction.DESC))),
        Criteria(Group(members=(Filter("allergies", Operator.HAS, "penicillin"),))),
        Criteria(Group(members=(Filter("age", Operator.EQUAL, "150"),))),
    ],
    ids=["everybody", "archived", "sorted", "allergic", "nobody"],
)
def test_a_file_holds_exactly_the_list_in_its_order(visit, clerk, criteria):
    page = search.list_patients(visit, clerk, criteria, size=1_000)

    _, *rows = exported(visit, clerk, criteria)

    assert [row[0] for row in rows] == [str(record.id) for record in page.rows]


def test_formulas_are_escaped_in_every_column_and_in_lists(session, clerk):
    cast.add_patient(
        session,
        first_name="=1",
        last_name="@2",
        phone_number="+49301234567",
        address="-3",
        allergies=["=HYPERLINK(1)", "Nuts"],
    )

    heading, row = exported(session, clerk)

    cells = dict(zip(heading, row, strict=True))
    assert (cells["first_name"], cells["last_name"]) == ("'=1", "'@2")
    assert (cells["phone_number"], cells["address"]) == ("'+49301234567", "'-3")
    assert cells["allergies"] == "'=HYPERLINK(1); Nuts"


def test_a_long_list_arrives_piece_by_piece(session, clerk):
    ada = cast.identity_of(cast.ADA)
    session.execute(insert(Patient), [ada] * 2_500)

    pieces = search.export_csv(session, clerk, Criteria())
    first = next(pieces)

    assert first.startswith("id,record_number,last_name,first_name")
    assert 1_000 <= first.count("\r\n") <= 1_001
    assert first.count("\r\n") + sum(piece.count("\r\n") for piece in pieces) == 2_501


def test_who_may_not_export_is_told_before_the_first_piece(session, admin):
    with pytest.raises(NotAllowed, match="export patient lists"):
        search.export_csv(session, admin, Criteria())


def test_a_list_that_cannot_be_is_refused_before_the_first_piece(session, clerk):
    with pytest.raises(InvalidInput):
        search.export_csv(session, clerk, Criteria(orders=(Order("x"),)))


def test_an_export_that_takes_too_long_says_so(visit, clerk):
    pieces = search.export_csv(
        visit,
        clerk,
        Criteria(Group(members=(Filter("address", Operator.CONTAINS, "q"),))),
    )
    visit.execute(
        text(
            "CREATE OR REPLACE FUNCTION fold(text) RETURNS text LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.1); RETURN $1; END $$"
        )
    )
    visit.execute(text("SET LOCAL statement_timeout = 50"))

    with pytest.raises(Unavailable, match="too long to export"):
        list(pieces)
