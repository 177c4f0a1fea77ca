"""Which columns lists show: each person's own, and those saved with a view."""

import pytest

from services.core.errors import InvalidInput
from services.lists import columns, views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from tests.kit import cast

CHOSEN = ("name", "phone_number", "age")


@pytest.fixture
def owner(session):
    """Somebody with an account, as everybody who chooses something has."""
    return cast.add_actor(session, cast.CLEO)


@pytest.fixture
def view(session, owner):
    key = views.store_criteria(session, owner, Criteria(search="ada"), subject=PATIENTS)
    return views.save_view(session, owner, "Ada", key, subject=PATIENTS)


def choose(session, owner, wanted, key=""):
    columns.choose_columns(session, owner, key, wanted, subject=PATIENTS)


def find(session, owner, key=""):
    return columns.find_columns(session, owner, key, subject=PATIENTS)


def test_a_choice_is_kept_for_all_lists_of_one_person_until_it_is_taken_back(
    session, owner
):
    assert find(session, owner) is None

    choose(session, owner, CHOSEN)
    choose(session, owner, CHOSEN[::-1])

    assert find(session, owner) == find(session, owner, "any") == CHOSEN[::-1]
    assert find(session, cast.act_as(cast.DORA)) is None
    choose(session, owner, None)
    assert find(session, owner) is None


def test_a_saved_view_keeps_its_own(session, owner, view):
    choose(session, owner, CHOSEN)
    choose(session, owner, ("name",), view.key)

    assert find(session, owner, view.key) == ("name",)
    assert find(session, owner) == CHOSEN
    choose(session, owner, None, view.key)
    assert find(session, owner, view.key) == CHOSEN


def test_a_view_is_saved_with_the_columns_that_it_was_looked_at_with(session, owner):
    choose(session, owner, CHOSEN)
    key = views.store_criteria(session, owner, Criteria(search="bea"), subject=PATIENTS)
    views.save_view(session, owner, "Bea", key, subject=PATIENTS)

    choose(session, owner, ("name",))

    assert find(session, owner, key) == CHOSEN


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ((), "at least one column"),
        (("name", "name"), "each column once"),
        (("name", "shoe_size"), "no such column"),
    ],
)
def test_a_list_has_a_column_at_least_and_none_twice(session, owner, wanted, said):
    with pytest.raises(InvalidInput, match=said) as refused:
        choose(session, owner, wanted)

    assert refused.value.property_name == "columns"
