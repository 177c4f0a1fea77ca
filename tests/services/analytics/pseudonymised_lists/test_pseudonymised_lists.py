"""Lists without names: no small counts, alone or with what analysts saw before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from db.models.care import DisclosedAnswer, DisclosedGroup
from services.analytics import cohorts, pseudonymised_lists
from services.analytics.cohorts import disclosure
from services.analytics.pseudonymised_lists import sizes
from services.core.actors import Permission, Role, Scope
from services.core.errors import InvalidInput, NotAllowed
from services.lists.criteria import Count, Criteria, Filter, Group, Operator, Order
from services.patients import search
from services.patients.search import list_groups, pages
from tests.kit import cast

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
K = 5


def where(*filters):
    return Criteria(Group(members=filters))


NUTS = where(Filter("allergies", Operator.HAS, "nuts"))
FEMALE = Filter("sex", Operator.EQUAL, "female")
WOMEN = where(*NUTS.where.members, FEMALE)


@pytest.fixture
def register(session):
    def register(number, sex="female", *allergies):
        for _ in range(number):
            cast.add_patient(session, sex=sex, allergies=list(allergies))

    return register


@pytest.fixture
def town(register):
    """Twenty women and one man with an allergy to nuts, and thirty without."""
    register(20, "female", "Nuts")
    register(1, "male", "Nuts")
    register(30)


@pytest.fixture
def read(session, analyst):
    def read(criteria, actor=analyst, now=NOW, **more):
        kept = pseudonymised_lists.read_undisclosed(
            session,
            actor,
            criteria,
            lambda: (
                search.list_patients(
                    session, actor, criteria, size=100, now=now, is_kept_back=True
                ).rows
            ),
            now=now,
            smallest_group=K,
            **more,
        )
        return pseudonymised_lists.disclose_list(session, actor, kept)

    return read


@pytest.fixture
def draw(session, analyst):
    def draw(criteria):
        answers = pseudonymised_lists.count_bars(
            session, analyst, criteria, now=NOW, smallest_group=K
        )
        age, sex, allergy = (
            cohorts.disclose(session, analyst, answers[figure])
            for figure in ("age", "sex", "allergy")
        )
        return replace(sex, ages=age.ages, allergies=allergy.allergies)

    return draw


def noted(session):
    """Return how many questions count towards the hundred of a day."""
    of_a_day = DisclosedAnswer.answer.has_key("refused_to")
    return session.scalar(
        select(func.count()).select_from(DisclosedAnswer).where(of_a_day)
    )


def disclosed_sizes(session):
    return sorted(session.scalars(select(DisclosedGroup.size)))


@pytest.mark.parametrize("number", [0, 1, 4])
def test_of_few_neither_rows_nor_number_are_told(session, register, read, number):
    register(number, "female", "Nuts")
    register(30)

    page = read(NUTS)

    assert (page.rows, str(page.count)) == (None, "fewer than 5")
    with pytest.raises(search.GroupTooSmall, match="fewer than 5 patients"):
        page.require_rows()
    assert disclosed_sizes(session) == []


@pytest.mark.usefixtures("town")
def test_a_list_that_is_told_shows_its_rows_and_is_kept_once(session, read):
    for orders in ((), (Order("birth_year"),)):
        page = read(replace(NUTS, orders=orders))
        assert (len(page.require_rows()), str(page.count)) == (21, "21")

    assert disclosed_sizes(session) == [21]


@pytest.mark.usefixtures("town")
def test_all_minus_all_but_one_is_refused_whoever_of_the_analysts_asks(session, read):
    read(NUTS)

    with pytest.raises(cohorts.RevealsFew, match="fewer than 5 patients"):
        read(WOMEN, cast.act_as_somebody(Role.ANALYST))
    assert disclosed_sizes(session) == [21]


@pytest.mark.usefixtures("town")
def test_who_sees_names_is_told_everything_and_leaves_nothing(session, read, clerk):
    for criteria in (NUTS, WOMEN):
        assert read(criteria, clerk).require_rows()

    assert disclosed_sizes(session) == []


@pytest.mark.usefixtures("town")
def test_everybodys_list_is_public(session, read):
    page = read(Criteria(orders=(Order("sex"),)), count_open=lambda: Count(51))

    assert (len(page.require_rows()), page.count.value) == (51, 51)
    assert disclosed_sizes(session) == []


@pytest.mark.usefixtures("town")
def test_a_list_that_few_have_changed_keeps_its_number_and_shows_no_rows(
    read, register
):
    read(NUTS)
    register(1, "female", "Nuts")
    later = NOW + timedelta(hours=2)

    page = read(NUTS, now=later)

    assert (page.rows, str(page.count)) == (None, "21")
    with pytest.raises(
        pseudonymised_lists.ChangedByFew, match="12:00, when 21 patients"
    ):
        page.require_rows()

    register(4, "female", "Nuts")
    assert len(read(NUTS, now=later).require_rows()) == 26


@pytest.mark.usefixtures("town")
def test_a_cut_look_at_what_was_told_decides_alike(read, register, monkeypatch):
    monkeypatch.setattr(disclosure, "_MOST_HASHES_SAMPLED", 10)
    register(9, "male")
    read(NUTS)

    with pytest.raises(cohorts.RevealsFew):
        read(WOMEN)
    assert len(read(where(FEMALE)).require_rows()) == 50


@pytest.mark.usefixtures("town")
def test_a_list_beyond_the_bound_is_not_counted(session, read, analyst, monkeypatch):
    for module in (list_groups, sizes, pages):
        monkeypatch.setattr(module, "MOST_COUNTED", 20)
    list_groups._members.cache_clear()

    page = read(NUTS)

    assert (len(page.require_rows()), str(page.count)) == (21, "over 20")
    assert disclosed_sizes(session) == []
    with pytest.raises(InvalidInput, match="first 20 patients"):
        search.list_numbered(
            session, analyst, NUTS, page=3, per_page=10, now=NOW, is_kept_back=True
        )
    list_groups._members.cache_clear()


@pytest.mark.usefixtures("town")
def test_charts_leave_out_few_and_what_would_tell_of_them(session, draw, register):
    register(9, "male", "Nuts")
    register(7, "female", "Nuts", "Latex")
    register(6, "male", "Nuts", "Eggs")

    figures = draw(NUTS)

    assert [(bar.label, bar.count) for bar in figures.sexes] == [
        ("female", 27),
        ("male", 16),
    ]
    # All have nuts; and those with neither of the others are many.
    assert [(bar.label, bar.count) for bar in figures.allergies] == [
        ("Latex", 7),
        ("Eggs", 6),
    ]
    assert [(bar.label, bar.count) for bar in figures.ages] == [("40–49", 43)]
    # The list itself is the bar of all ages.
    assert disclosed_sizes(session) == [6, 7, 16, 27, 43]


@pytest.mark.usefixtures("town")
def test_charts_of_one_man_among_women_show_neither(draw):
    assert draw(NUTS).sexes == ()


@pytest.mark.usefixtures("town")
def test_charts_of_everybody_hide_few_as_well(draw):
    assert draw(Criteria()).sexes == ()


def test_charts_of_few_are_refused(register, draw):
    register(4, "female", "Nuts")

    with pytest.raises(search.GroupTooSmall):
        draw(NUTS)


@pytest.mark.usefixtures("town")
def test_nobody_shows_a_part_of_the_clinic_that_was_not_kept_back(session, analyst):
    for ask in (search.list_patients, search.count_patients, search.describe):
        with pytest.raises(NotAllowed, match="hide"):
            ask(session, analyst, NUTS, now=NOW)
    with pytest.raises(NotAllowed, match="daily use"):
        search.find_group(session, analyst, Criteria(archived=True), now=NOW)


@pytest.mark.usefixtures("town")
def test_a_token_for_exports_is_held_to_the_same(session, read):
    program = cast.act_as_program(Role.STAFF, Scope.EXPORT_PATIENTS)
    needs = Permission.EXPORT_PATIENTS

    def ask(criteria):
        kept = pseudonymised_lists.read_undisclosed(
            session,
            program,
            criteria,
            lambda: True,
            now=NOW,
            smallest_group=K,
            needs=needs,
        )
        return pseudonymised_lists.disclose_list(session, program, kept)

    assert ask(NUTS).require_rows()
    with pytest.raises(cohorts.RevealsFew):
        read(WOMEN)
    with pytest.raises(NotAllowed, match="list patients"):
        read(NUTS, program)


def test_a_list_and_its_charts_are_one_question_that_leaves_out_nobody(
    session, register, read, draw
):
    """A chart of one bar, or of none that may be shown, has its list's patients."""
    register(20, "female", "Nuts")
    register(30, "male")
    read(NUTS)
    draw(NUTS)

    assert noted(session) == 0

    read(WOMEN)
    draw(WOMEN)
    assert noted(session) == 1
