"""Patients found while somebody is still typing."""

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.lists.criteria import Count
from services.patients import search
from tests.kit import cast


@pytest.fixture
def smith(session):
    return cast.add_patient(session, first_name="John", last_name="Smith")


def test_the_first_who_match_are_found_or_who_sounds_so(session, clerk, smith):
    for typed in ("smi", "smyth", smith.record_number):
        matches = search.find_quickly(session, clerk, typed)
        assert [identity.id for identity in matches.patients] == [smith.id]
        assert matches.is_similar == (typed == "smyth")


def test_no_more_are_found_than_asked_for(session, clerk):
    for first in "ABC":
        cast.add_patient(session, first_name=first, last_name="Smith")

    matches = search.find_quickly(session, clerk, "smith", limit=2, has_total=True)

    assert len(matches.patients) == 2
    assert matches.total == Count(3)


def test_all_who_are_found_are_counted_without_looking_again(session, clerk, smith):
    for typed, total in (("smith", 1), ("smyth", 0), ("zzzz", 0)):
        matches = search.find_quickly(session, clerk, typed, has_total=True)
        assert matches.total == Count(total)


def test_who_was_shown_is_written_down_and_not_what_was_typed(session, clerk, smith):
    search.find_quickly(session, clerk, "smit")
    search.find_quickly(session, clerk, "zzzz")

    [details] = session.scalars(select(AuditEvent.details))
    assert details == {"patients": [str(smith.id)], "while_typing": True}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN, Role.PATIENT])
def test_who_sees_no_names_may_not_search_for_them(session, role):
    with pytest.raises(NotAllowed):
        search.find_quickly(session, cast.act_as_somebody(role), "smith")
