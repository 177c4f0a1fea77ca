"""Pages of a list, one by one."""

from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from db.models.patient import Patient
from services.core.errors import InvalidInput, NotAllowed
from services.lists import criteria, pages, statements
from services.lists.criteria import Criteria, Direction, Filter, Group, Operator, Order
from services.lists.pages import PageEnd
from services.lists.queries import prepare
from services.patients import search
from services.patients.search import queries
from services.patients.search.fields import FIELDS
from services.patients.search.pages import PATIENT_LISTS
from tests.kit import cast


def where(*filters):
    return Criteria(Group(members=filters))


def named(session, last_name, first_name="Ada", **more):
    names = {"last_name": last_name, "first_name": first_name}
    return cast.add_patient(session, **names, **more).id


EVERYBODY = Criteria()


def listed(session, actor, list_criteria=EVERYBODY, **options):
    page = search.list_patients(session, actor, list_criteria, **options)
    return [row.id for row in page.rows]


def test_a_list_is_sorted_by_folded_name_unless_told_otherwise(session, clerk):
    ids = [named(session, name) for name in ("Łukasz", "lukas", "Mueller", "Étienne")]

    assert listed(session, clerk) == [ids[3], ids[1], ids[0], ids[2]]


def test_people_of_one_last_name_are_sorted_by_first_name(session, clerk):
    cid, ada = named(session, "Doe", "Cid"), named(session, "Doe", "Ada")
    downwards = Criteria(orders=(Order("last_name", Direction.DESC),))

    assert listed(session, clerk, Criteria(orders=(Order("last_name"),))) == [ada, cid]
    assert listed(session, clerk, downwards) == [cid, ada]


def test_people_of_one_first_name_are_sorted_by_last_name(session, clerk):
    doe, cole = named(session, "Doe", "Ada"), named(session, "Cole", "Ada")
    downwards = Criteria(orders=(Order("first_name", Direction.DESC),))

    upwards = Criteria(orders=(Order("first_name"),))
    assert listed(session, clerk, upwards) == [cole, doe]
    assert listed(session, clerk, upwards, after=cole) == [doe]
    assert listed(session, clerk, downwards) == [doe, cole]


def test_age_and_day_of_birth_are_one_sort_key_of_which_the_first_counts(visit, clerk):
    by_age = (Order("age"), Order("sex"))
    by_both = (*by_age, Order("date_of_birth"))

    expected = listed(visit, clerk, Criteria(orders=by_age))
    assert listed(visit, clerk, Criteria(orders=by_both)) == expected


def test_a_page_behind_a_patient_archived_meanwhile_goes_on_from_there(session, clerk):
    first, second, third = (named(session, name) for name in ("A", "B", "C"))
    session.get(Patient, second).deleted_at = func.now()
    session.flush()

    assert listed(session, clerk, after=second) == [third]
    assert listed(session, clerk, before=second) == [first]


placed = partial(search.list_patients, is_placed=True)


def walked(session, actor, list_criteria, size=2):
    """Return the ids on a list, read page by page from place to place."""
    ids, place = [], None
    while True:
        page = placed(session, actor, list_criteria, size=size, place=place)
        ids += [row.id for row in page.rows]
        if page.place is None:
            return ids
        place = page.place


@pytest.mark.parametrize(
    "orders",
    [
        (),
        (Order("updated_at"),),
        (Order("last_name", Direction.DESC),),
        (Order("last_name"), Order("date_of_birth", Direction.DESC)),
        (Order("email"), Order("first_name")),
        (Order("email", Direction.DESC),),
        (Order("address"),),
        (Order("allergies"), Order("id", Direction.DESC)),
    ],
    ids=str,
)
def test_pages_from_place_to_place_lead_through_a_list_as_others_do(
    session, clerk, orders
):
    for number, name in enumerate(("Łukasz", "lukas", "Müller", "Étienne", "Doe")):
        email = f"{number}@example.org" if number % 2 else None
        address = f"{number % 3} Quay Street" if number else None
        named(session, name, f"A{number % 2}", email=email, address=address)
    sorted_by = Criteria(orders=orders)

    ids = walked(session, clerk, sorted_by)

    assert ids == listed(session, clerk, sorted_by)
    assert len(ids) == 5


def test_a_place_stays_where_it_was_wherever_its_patient_goes(session, clerk):
    first, second, third = (named(session, name) for name in ("A", "B", "C"))
    page = placed(session, clerk, EVERYBODY, size=2, place=None)
    session.get(Patient, second).last_name = "Z"
    session.flush()

    behind = placed(session, clerk, EVERYBODY, size=2, place=page.place)

    assert [row.id for row in page.rows] == [first, second]
    assert [row.id for row in behind.rows] == [third, second]
    assert behind.place is None


def test_a_place_in_a_list_of_another_order_is_none(session, clerk):
    with pytest.raises(InvalidInput, match="start again at its first page"):
        placed(session, clerk, EVERYBODY, size=2, place=("A",))


def test_only_a_first_or_last_page_is_known_to_be_the_whole_list(session, clerk):
    ids = [named(session, name) for name in ("Able", "Baker", "Cole")]
    read = partial(search.list_patients, session, clerk, Criteria())

    assert read().is_whole
    assert read(last=True).is_whole
    assert not read(size=2).is_whole
    assert not read(size=2, last=True).is_whole
    # Each of these pages has all that is there, but not the whole list.
    assert not read(after=ids[0]).is_whole
    assert not read(after=ids[2]).is_whole
    assert not read(before=ids[1]).is_whole


def test_an_empty_list_has_one_empty_page(session, clerk):
    page = search.list_patients(session, clerk, Criteria())

    assert page == search.PatientPage((), None, None, is_whole=True)


@pytest.mark.parametrize("orders", [(), (Order("email", Direction.DESC),)])
def test_a_page_behind_nobody_is_refused_rather_than_empty(visit, clerk, orders):
    with pytest.raises(InvalidInput, match="start again"):
        listed(visit, clerk, Criteria(orders=orders), after=uuid4())


def test_a_page_has_one_beginning(visit, clerk):
    with pytest.raises(InvalidInput, match="Ask for one page"):
        listed(visit, clerk, after=uuid4(), last=True)


@pytest.mark.parametrize("size", [0, -1, 1_001])
def test_a_page_has_a_reasonable_size(visit, clerk, size):
    with pytest.raises(InvalidInput, match="1 to 1,000"):
        listed(visit, clerk, size=size)
    with pytest.raises(InvalidInput, match="1 to 1,000"):
        search.list_numbered(visit, clerk, Criteria(), page=1, per_page=size)


def test_numbered_pages_follow_each_other(visit, clerk):
    numbered = [
        row.id
        for page in (1, 2, 3)
        for row in search.list_numbered(visit, clerk, Criteria(), page=page, per_page=7)
    ]

    assert numbered == listed(visit, clerk, size=21)


def test_a_numbered_page_too_deep_is_refused_with_a_way_out(visit, clerk):
    with pytest.raises(InvalidInput, match=r"first 100,000 patients.*Add a filter"):
        search.list_numbered(visit, clerk, Criteria(), page=102, per_page=1_000)


def test_who_looks_after_the_system_does_not_read_lists(visit, admin):
    with pytest.raises(NotAllowed, match="list patients"):
        listed(visit, admin)
    with pytest.raises(NotAllowed, match="list patients"):
        search.list_numbered(visit, admin, Criteria(), page=1, per_page=1)


INJECTIONS = (
    "%",
    "_",
    "'; DROP TABLE patients; --",
    "' OR 1=1 --",
    "'; DELETE FROM patients; --",
    "%(value_0)s",
    "%s",
    "{}",
    "\\",
    "\\'; SELECT 1; --",
    "$$",
    "' || (SELECT version()) || '",
    ".*",
    "[",
    "(((((",
    "a{1000000000}",
)
TEXT_OPERATORS = (Operator.EQUAL, Operator.CONTAINS, Operator.STARTS_WITH, Operator.IN)


@pytest.mark.parametrize("typed", INJECTIONS)
def test_whatever_is_typed_is_only_ever_a_value(visit, clerk, typed):
    everybody = visit.scalar(select(func.count()).select_from(Patient))

    for operator in TEXT_OPERATORS:
        value = (typed,) if operator is Operator.IN else typed
        for row in search.list_patients(
            visit, clerk, where(Filter("last_name", operator, value))
        ).rows:
            assert typed.lower() in row.last_name.lower()
    for operator in (Operator.HAS, Operator.CONTAINS):
        allergic = where(Filter("allergies", operator, typed + "x"))
        assert not listed(visit, clerk, allergic)
    assert not listed(visit, clerk, Criteria(search=typed + "xyz"))
    assert visit.scalar(select(func.count()).select_from(Patient)) == everybody


def test_a_field_is_a_name_on_a_list_not_a_piece_of_sql(visit, clerk):
    with pytest.raises(InvalidInput):
        listed(visit, clerk, where(Filter("id = id OR 1", Operator.EQUAL, "1")))
    with pytest.raises(InvalidInput):
        listed(visit, clerk, Criteria(orders=(Order("id; DROP TABLE patients"),)))


def test_lists_that_differ_in_values_only_share_their_sql(visit, clerk):
    def ask(name):
        listed(visit, clerk, where(Filter("last_name", Operator.EQUAL, name)))

    ask("Smith")
    first_page = pages._PAGES[PageEnd.FIRST]
    before = first_page.cache_info().misses
    ask("Müller")

    assert first_page.cache_info().misses == before


@pytest.mark.parametrize(("typed", "uses_index"), [("an", False), ("ann", True)])
def test_the_index_of_names_is_asked_for_three_letters_or_more(
    session, clerk, typed, uses_index
):
    ann = named(session, "Hannover")
    list_criteria = where(Filter("last_name", Operator.CONTAINS, typed))

    assert listed(session, clerk, list_criteria) == [ann]
    query = prepare(session, clerk, PATIENT_LISTS, list_criteria, None)
    statement = query.text(pages._PAGES[PageEnd.FIRST])
    assert ("name_key LIKE" in statement.replace("last_name_key", "")) == uses_index


def test_a_value_given_while_building_a_statement_is_noticed():
    with pytest.raises(ValueError, match="values of their own"):
        statements.compiled(select(Patient.id).where(Patient.last_name == "Doe"))


def test_a_list_that_takes_too_long_is_refused_in_words(visit):
    with pytest.raises(
        statements.ListTimeout, match="takes too long to load; add a filter"
    ):
        statements.run(visit, "SELECT pg_sleep(5)", {}, limit_seconds=0.05)


def test_another_failure_is_not_mistaken_for_slowness(visit):
    with pytest.raises(Exception, match="division by zero"):
        statements.run(visit, "SELECT 1 / 0", {})


def test_every_field_can_be_found_in_the_database():
    assert set(FIELDS) == set(queries._TARGETS)


def test_a_value_not_yet_written_by_the_session_is_seen(session, clerk):
    session.add(cast.make_patient())

    assert len(listed(session, clerk)) == 1


def test_nobody_is_listed_twice_for_having_two_of_the_allergies(session, clerk):
    named(session, "Doe", allergies=["Penicillin V", "Penicillin G"])
    list_criteria = where(Filter("allergies", Operator.HAS, "penicillin"))

    assert len(listed(session, clerk, list_criteria)) == 1
    assert criteria.sentence(list_criteria, FIELDS, criteria.Count(1)).endswith(
        "penicillin"
    )
