"""What those who see no names see of a list, and what they may filter by."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import uuid4

import pytest

from services.core.actors import Role, Scope
from services.core.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from services.lists import views
from services.lists.criteria import Criteria, Direction, Filter, Group, Operator, Order
from services.patients import search
from services.patients.records.model import PseudonymisedPatient
from services.patients.search.fields import (
    FIELDS,
    PATIENTS,
    PSEUDONYMISED_FIELDS,
    fields_for,
)
from tests.kit import acting, cast
from tests.services.patients.search.conftest import NOW

# Everything about Ada that could reveal who she is.
TELLING = (
    "Ada", "Lovelace", "05-17", "17", "example", "1632960983", "James", "William",
)  # fmt: skip
HIDDEN = sorted(set(FIELDS) - set(PSEUDONYMISED_FIELDS))


@pytest.fixture
def ada(session):
    return cast.add_patient(session).id


def where(*filters):
    return Criteria(Group(members=filters))


def exported(session, actor, criteria):
    pieces = search.export_csv(session, actor, criteria, now=NOW, smallest_group=1)
    return list(csv.reader(io.StringIO("".join(pieces))))


def test_a_page_shows_the_year_of_birth_under_a_pseudonym(session, analyst, ada):
    page = search.list_patients(session, analyst, Criteria(), now=NOW)

    (shown,) = page.rows
    assert isinstance(shown, PseudonymisedPatient)
    assert shown.birth_year == 1980
    assert shown.id != ada
    assert (shown.created_at.day, shown.created_at.hour) == (1, 0)
    assert shown.allergies == ("Penicillin V",)


@pytest.mark.usefixtures("ada")
def test_a_page_does_not_say_that_it_is_the_whole_list(session, analyst):
    page = search.list_patients(session, analyst, Criteria(), now=NOW)

    assert len(page.rows) == 1
    assert not page.is_whole


@pytest.mark.usefixtures("ada")
def test_asvs_8_2_3_nothing_that_tells_who_it_is_is_in_a_row(session, analyst):
    page = search.list_patients(session, analyst, Criteria(), now=NOW)
    numbered = search.list_numbered(
        session, analyst, Criteria(), page=1, per_page=1, now=NOW
    )
    # The times and the id contain digits by chance.
    rows = [
        replace(row, id=None, created_at=None, updated_at=None)
        for row in (*page.rows, *numbered)
    ]

    assert len(rows) == 2
    assert not [word for word in TELLING if word in repr(rows)]


@pytest.mark.usefixtures("ada")
def test_a_file_has_the_same_columns_and_no_others(session, analyst):
    heading, row = exported(session, analyst, Criteria())

    cells = dict(zip(heading, row, strict=True))
    assert set(cells) == {
        "pseudonym", "birth_year", "sex", "allergies", "no_known_allergies",
        "medical_history", "current_medications", "created_at", "updated_at",
    }  # fmt: skip
    assert cells["birth_year"] == "1980"
    assert re.fullmatch(r"\d{4}-\d{2}", cells["created_at"])
    for digits in ("pseudonym", "created_at", "updated_at"):
        del cells[digits]
    assert not [word for word in TELLING if word in str(cells)]


@pytest.mark.usefixtures("ada")
def test_a_pseudonym_is_another_one_for_each_person_and_on_each_day(session, analyst):
    colleague = cast.act_as_somebody(Role.ANALYST)

    def seen(actor, now):
        (shown,) = search.list_patients(session, actor, Criteria(), now=now).rows
        return shown.id

    same = seen(analyst, NOW)
    assert seen(analyst, NOW) == same
    assert seen(colleague, NOW) != same
    assert seen(analyst, NOW + timedelta(days=1)) != same


def test_a_file_has_the_order_of_its_own_pseudonyms(visit, analyst):
    files = [exported(visit, analyst, Criteria())[1:] for _ in range(2)]

    first, second = ([row[0] for row in rows] for rows in files)
    assert first == sorted(first)
    assert len(set(first)) == len(first) > 20
    assert not set(first) & set(second)
    assert sorted(row[1:] for row in files[0]) == sorted(row[1:] for row in files[1])
    assert [row[1:] for row in files[0]] != [row[1:] for row in files[1]]


def test_a_file_of_fewer_than_the_smallest_group_is_refused(session, analyst, clerk):
    for _ in range(4):
        cast.add_patient(session)

    with pytest.raises(NotAllowed, match="fewer than 5 patients is neither shown"):
        search.export_csv(session, analyst, Criteria(), now=NOW)
    assert "".join(search.export_csv(session, clerk, Criteria(), now=NOW))

    cast.add_patient(session)
    pieces = search.export_csv(session, analyst, Criteria(), now=NOW)
    assert len("".join(pieces).splitlines()) == 6


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("ask", ["page", "number", "count", "figures", "file", "key"])
def test_no_filter_asks_about_what_is_hidden(session, analyst, ask, name):
    operator = FIELDS[name].operators[0]
    values = {"age": "40", "date_of_birth": "1980-05-17", "phone_number": "44"}
    values |= {"shared_email": "true", "deceased_on": "2020-01-31", "id": str(uuid4())}
    values |= {"last_visit": "2020-01-31", "next_visit": "2020-01-31"}

    with pytest.raises(NotAllowed, match="without names and contact details"):
        ASKING[ask](
            session, analyst, where(Filter(name, operator, values.get(name, "ada")))
        )


@pytest.mark.parametrize("name", [n for n in HIDDEN if FIELDS[n].is_sortable])
def test_no_order_tells_what_is_hidden(session, analyst, name):
    criteria = Criteria(orders=(Order("sex"), Order(name)))

    for ask in ASKING.values():
        with pytest.raises(NotAllowed, match=FIELDS[name].label.lower()):
            ask(session, analyst, criteria)


def test_a_filter_inside_groups_is_seen_too(session, analyst):
    inner = Group(members=(Filter("last_name", Operator.EQUAL, "Lovelace"),))

    with pytest.raises(NotAllowed):
        ASKING["page"](session, analyst, Criteria(Group(members=(Group(), inner))))


@pytest.mark.parametrize(
    "typed", ["lovelace", "1980-05-17", "0199f0aa-0000-7000-8000-000000000001"]
)
def test_nobody_is_searched_for(session, analyst, typed):
    for ask in ASKING.values():
        with pytest.raises(NotAllowed, match="cannot search"):
            ask(session, analyst, Criteria(search=typed))


def test_nobody_of_a_similar_name_is_offered(session, analyst):
    with pytest.raises(NotAllowed):
        search.find_similar(session, analyst, "lovelace")


def test_a_key_does_not_recall_what_a_colleague_asked_about_names(
    session, clerk, analyst
):
    key = views.store_criteria(
        session, clerk, Criteria(search="lovelace"), subject=PATIENTS
    )

    with pytest.raises(NotFound, match="it may be about names"):
        views.load_criteria(session, analyst, key, subject=PATIENTS)
    acting.run_as_owner(session)
    with pytest.raises(NotAllowed):
        views.load_criteria(session, analyst, key, subject=PATIENTS)
    assert views.load_criteria(session, clerk, key, subject=PATIENTS) == Criteria(
        search="lovelace"
    )


def test_what_is_wrong_for_everybody_is_said_first(session, analyst):
    with pytest.raises(InvalidInput, match="no field"):
        ASKING["page"](session, analyst, where(Filter("shoe", Operator.EQUAL, "44")))


def test_whatever_is_shown_may_be_asked(visit, analyst, clerk):
    allergic = Filter("allergies", Operator.HAS, "penicillin")
    criteria = where(allergic, Filter("birth_year", Operator.GREATER_THAN, "1950"))
    criteria = replace(
        criteria, orders=(Order("birth_year", Direction.DESC), Order("sex"))
    )

    unnamed = search.list_patients(
        visit, analyst, criteria, size=500, now=NOW, is_kept_back=True
    )
    named = search.list_patients(visit, clerk, criteria, size=500, now=NOW)

    # With equal years and sexes, the ids decide, which differ here.
    assert [(row.birth_year, row.sex, row.allergies) for row in unnamed.rows] == [
        (row.date_of_birth.year, row.sex, row.allergies) for row in named.rows
    ]
    assert len(unnamed.rows) > 20


def test_the_usual_order_does_not_follow_the_names(visit, analyst):
    page = search.list_patients(visit, analyst, Criteria(), size=500, now=NOW)

    registered = [row.created_at for row in page.rows]
    assert registered == sorted(registered, reverse=True)


def test_pages_follow_each_other(visit, analyst):
    everybody = search.list_patients(visit, analyst, Criteria(), size=500, now=NOW)

    seen, after = [], None
    while page := search.list_patients(
        visit, analyst, Criteria(), size=50, after=after, now=NOW
    ):
        seen += [row.id for row in page.rows]
        if not (after := page.next):
            break

    assert seen == [row.id for row in everybody.rows]


def test_counts_and_bars_are_those_of_everybody_else(visit, analyst, clerk):
    criteria = where(Filter("sex", Operator.EQUAL, "female"))

    group = search.find_group(visit, analyst, criteria, now=NOW)
    bars = search.find_bars(visit, analyst, criteria, now=NOW)
    numbers = {key: len(members) // 8 for key, members in bars.members.items()}

    assert group.size == search.count_patients(visit, clerk, criteria, now=NOW).value
    theirs = search.statistics_of(numbers, sampled=bars.sampled)
    ours = search.describe(visit, clerk, criteria, now=NOW)
    assert (theirs.sexes, theirs.patients) == (ours.sexes, ours.patients)
    assert theirs.allergies == ours.allergies


def test_ages_are_told_from_the_year_of_birth(session, analyst, clerk):
    # Nine until the birthday at the end of the year.
    cast.add_patient(session, date_of_birth=date(2016, 12, 31))

    figures = search.describe(session, clerk, Criteria(), now=NOW)
    bars = search.find_bars(session, analyst, Criteria(), now=NOW).members

    assert [bar.label for bar in figures.ages if bar.count] == ["0–9"]
    assert [band for figure, band in bars if figure == "age"] == ["1"]


def test_a_token_for_exports_alone_shows_no_names(session, ada):
    program = cast.act_as_program(Role.STAFF, Scope.EXPORT_PATIENTS)

    heading, row = exported(session, program, Criteria())

    assert "last_name" not in heading
    assert str(ada) not in row


def test_who_sees_names_asks_about_everything_but_notes(clerk, clinician, analyst):
    assert fields_for(clinician) == FIELDS
    assert fields_for(clerk) == {n: f for n, f in FIELDS.items() if n != "diagnosis"}
    assert fields_for(analyst) is PSEUDONYMISED_FIELDS


ASKING = {
    "page": partial(search.list_patients, is_kept_back=True),
    "number": partial(search.list_numbered, page=1, per_page=1, is_kept_back=True),
    "count": search.find_group,
    "figures": search.find_bars,
    "file": exported,
    "key": partial(views.store_criteria, subject=PATIENTS),
}


def test_a_file_has_the_patients_of_whom_the_list_was_disclosed(session, analyst):
    born = where(Filter("birth_year", Operator.EQUAL, "1980"))
    for _ in range(5):
        cast.add_patient(session)
    group = search.find_group(session, analyst, born, now=NOW)

    def exported_by(export):
        return export(
            session, analyst, born, now=NOW, smallest_group=5, disclosed=group
        )

    rows = "".join(exported_by(search.export_csv)).splitlines()
    cast.add_patient(session)

    assert len(rows) == 1 + 5
    for export in (search.export_csv, search.export_workbook):
        with pytest.raises(Unavailable, match="has changed"):
            exported_by(export)
