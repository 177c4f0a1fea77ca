"""Lists behind keys, and their names."""

from uuid import uuid4

import pytest

from db.models.view import SavedView, StoredCriteria
from services.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.documents.search.fields import DOCUMENTS
from services.lists import views
from services.lists.criteria import Criteria, Direction, Filter, Group, Operator, Order
from services.patients.search.fields import PATIENTS
from tests.kit import cast

ALLERGIC = Criteria(
    Group(members=(Filter("allergies", Operator.HAS, "penicillin"),)),
    orders=(Order("birth_year", Direction.DESC),),
)


@pytest.fixture
def cleo(session):
    return cast.add_actor(session, cast.CLEO)


@pytest.fixture
def ana(session):
    return cast.add_actor(session, cast.ANA)


def test_a_key_recalls_exactly_the_list_for_whoever_may_see_it(session, cleo, ana):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)

    assert views.load_criteria(session, ana, key, subject=PATIENTS) == ALLERGIC


def test_equal_lists_have_one_key_and_others_another(session, cleo, ana):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)

    assert views.store_criteria(session, ana, ALLERGIC, subject=PATIENTS) == key
    assert views.store_criteria(session, cleo, Criteria(), subject=PATIENTS) != key


def test_a_key_tells_nothing_about_the_list(session, cleo):
    keys = {
        views.store_criteria(session, cleo, Criteria(search=name), subject=PATIENTS)
        for name in "abc"
    }

    assert len(keys) == 3
    assert all(len(key) >= 22 and key.isascii() for key in keys)


def test_a_list_that_cannot_be_asked_is_not_kept(session, cleo):
    with pytest.raises(InvalidInput):
        views.store_criteria(
            session, cleo, Criteria(orders=(Order("shoe_size"),)), subject=PATIENTS
        )

    assert session.query(StoredCriteria).count() == 0


@pytest.mark.parametrize("key", ["", "x", "\0", "' OR 1=1", "a" * 10_000])
def test_a_key_that_nobody_was_given_recalls_nothing(session, cleo, key):
    with pytest.raises(NotFound, match="no such list"):
        views.load_criteria(session, cleo, key, subject=PATIENTS)


def test_a_key_of_another_kind_of_list_recalls_nothing(session, cleo):
    session.add(
        StoredCriteria(
            key="documents-list",
            digest=b"1",
            subject="documents",
            criteria={},
            created_by=cleo.id,
        )
    )

    with pytest.raises(NotFound):
        views.load_criteria(session, cleo, "documents-list", subject=PATIENTS)


def test_a_view_is_a_name_for_a_list(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)

    view = views.save_view(
        session, cleo, "  My   allergic\tones ", key, subject=PATIENTS
    )

    assert (view.name, view.key) == ("My allergic ones", key)
    assert views.list_views(session, cleo, subject=PATIENTS) == (view,)


def test_everybody_has_their_own_views_sorted_by_name(session, cleo, ana):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    for name in ("beta", "Alpha", "gamma"):
        views.save_view(session, cleo, name, key, subject=PATIENTS)
    views.save_view(session, ana, "Alpha", key, subject=PATIENTS)

    names = [view.name for view in views.list_views(session, cleo, subject=PATIENTS)]

    assert names == ["Alpha", "beta", "gamma"]


def test_a_name_is_given_once_whatever_its_case(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    views.save_view(session, cleo, "Allergic", key, subject=PATIENTS)

    with pytest.raises(views.NameTaken, match="already have a view called “ALLERGIC”"):
        views.save_view(session, cleo, "ALLERGIC", key, subject=PATIENTS)

    assert len(views.list_views(session, cleo, subject=PATIENTS)) == 1
    assert issubclass(views.NameTaken, Conflict)


def test_there_is_a_bound_for_each_person_and_kind_of_list(session, cleo, ana):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    papers = views.store_criteria(session, cleo, Criteria(), subject=DOCUMENTS)
    first, *_ = [
        views.save_view(session, cleo, f"List {number}", key, subject=PATIENTS)
        for number in range(views.MOST_VIEWS)
    ]

    with pytest.raises(views.TooManyViews, match="200 saved views of patients"):
        views.save_view(session, cleo, "One more", key, subject=PATIENTS)

    views.save_view(session, cleo, "One more", papers, subject=DOCUMENTS)
    views.save_view(session, ana, "One more", key, subject=PATIENTS)
    views.delete_view(session, cleo, first.id)
    views.save_view(session, cleo, "One more", key, subject=PATIENTS)


def test_somebody_unknown_is_not_told_that_the_name_is_taken(session, clerk):
    key = views.store_criteria(session, clerk, ALLERGIC, subject=PATIENTS)

    with pytest.raises(Exception, match="saved_views_owner_id_fkey"):
        views.save_view(session, clerk, "Mine", key, subject=PATIENTS)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b", "\u202e\u200b"])
def test_a_view_has_a_name_that_can_be_shown(session, cleo, name):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)

    with pytest.raises(InvalidInput) as refusal:
        views.save_view(session, cleo, name, key, subject=PATIENTS)

    assert refusal.value.property_name == "name"


def test_the_database_refuses_a_name_too_long_by_itself(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    session.add(
        SavedView(owner_id=cleo.id, subject="patients", name="x" * 61, criteria_key=key)
    )

    with pytest.raises(Exception, match="saved_views_name"):
        session.flush()


def test_a_list_that_does_not_exist_gets_no_name(session, cleo):
    with pytest.raises(NotFound):
        views.save_view(session, cleo, "Mine", "no-such-key", subject=PATIENTS)


def test_a_view_is_renamed_unless_the_name_is_taken(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    first = views.save_view(session, cleo, "First", key, subject=PATIENTS)
    views.save_view(session, cleo, "Second", key, subject=PATIENTS)

    assert views.rename_view(session, cleo, first.id, "FIRST").name == "FIRST"
    with pytest.raises(views.NameTaken):
        views.rename_view(session, cleo, first.id, "second")

    names = [view.name for view in views.list_views(session, cleo, subject=PATIENTS)]
    assert names == ["FIRST", "Second"]


def test_a_view_renamed_in_another_window_is_not_renamed_over_that(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    seen = views.save_view(session, cleo, "First", key, subject=PATIENTS)
    renamed = views.rename_view(session, cleo, seen.id, "Elsewhere")

    with pytest.raises(views.ViewChanged):
        views.rename_view(session, cleo, seen.id, "Mine", seen=seen)

    assert views.list_views(session, cleo, subject=PATIENTS) == (renamed,)
    mine = views.rename_view(session, cleo, seen.id, "Mine", seen=renamed)
    assert mine.name == "Mine"


def test_a_deleted_view_takes_its_name_but_not_the_list(session, cleo):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    view = views.save_view(session, cleo, "Mine", key, subject=PATIENTS)

    views.delete_view(session, cleo, view.id)

    assert views.list_views(session, cleo, subject=PATIENTS) == ()
    assert views.load_criteria(session, cleo, key, subject=PATIENTS) == ALLERGIC


def test_only_the_owner_touches_a_view(session, cleo, ana):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)
    view = views.save_view(session, cleo, "Mine", key, subject=PATIENTS)

    with pytest.raises(NotFound):
        views.rename_view(session, ana, view.id, "Yours")
    with pytest.raises(NotFound):
        views.delete_view(session, ana, view.id)
    with pytest.raises(NotFound):
        views.delete_view(session, cleo, uuid4())

    assert views.list_views(session, cleo, subject=PATIENTS) == (view,)


def test_who_reads_no_lists_has_no_keys_and_no_views(session, cleo, admin):
    key = views.store_criteria(session, cleo, ALLERGIC, subject=PATIENTS)

    for attempt in (
        lambda: views.store_criteria(session, admin, ALLERGIC, subject=PATIENTS),
        lambda: views.load_criteria(session, admin, key, subject=PATIENTS),
        lambda: views.save_view(session, admin, "Mine", key, subject=PATIENTS),
        lambda: views.list_views(session, admin, subject=PATIENTS),
        lambda: views.rename_view(session, admin, uuid4(), "Mine"),
        lambda: views.delete_view(session, admin, uuid4()),
    ):
        with pytest.raises(NotAllowed):
            attempt()
