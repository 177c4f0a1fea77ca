"""Saved cohorts and queries are shared with some or all who count cohorts."""

from uuid import uuid4

import pytest
from sqlalchemy import update

from db.models.user import User
from db.models.view import SavedView
from services.analytics import analysts, queries, shared_questions
from services.analytics.cohorts import COHORTS
from services.analytics.queries import QUERIES
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.search.fields import PATIENTS
from tests.kit import cast
from tests.kit.audit_events import events_of

SQL = "SELECT count(*) FROM visits"


def save(session, actor, name="Visits"):
    key = queries.remember(session, actor, queries.parse(SQL))
    return views.save_view(
        session, actor, name, key, subject=QUERIES, description="For the board"
    )


def known(session, actor, subject=QUERIES):
    return shared_questions.list_questions(session, actor, subject=subject)


def test_who_it_is_shared_with_opens_it_and_changes_nothing(
    session, analyst, colleague
):
    other = cast.add_actor(session, Role.ANALYST)
    saved = save(session, analyst)
    assert known(session, colleague) == ()

    shared_questions.share(
        session, analyst, saved.id, with_everybody=False, people=[colleague.id]
    )

    [shown] = known(session, colleague)
    assert (shown.name, shown.owner, shown.is_own) == ("Visits", analyst.name, False)
    assert shown.description == "For the board"
    assert queries.recall_text(session, colleague, shown.key) == SQL
    assert known(session, other) == known(session, colleague, COHORTS) == ()
    for change in (
        lambda: views.rename_view(session, colleague, saved.id, "Mine"),
        lambda: views.delete_view(session, colleague, saved.id),
        lambda: shared_questions.share(
            session, colleague, saved.id, with_everybody=True
        ),
    ):
        with pytest.raises(NotFound):
            change()


def test_readers_chosen_in_another_window_are_not_undone(session, analyst, colleague):
    saved = save(session, analyst)
    people = [colleague.id]
    shared_questions.share(
        session, analyst, saved.id, with_everybody=False, people=people
    )

    with pytest.raises(analysts.SharingChanged, match="another window"):
        shared_questions.share(
            session, analyst, saved.id, with_everybody=True, seen=saved
        )

    [now] = known(session, analyst)
    assert (now.is_shared, now.shared_with) == (False, (colleague.id,))
    shared_questions.share(session, analyst, now.id, with_everybody=True, seen=now)


def test_what_is_shared_with_all_stands_after_ones_own_until_it_is_not(
    session, analyst, colleague
):
    saved = save(session, analyst, "A first")
    save(session, colleague, "Zebra")
    shared_questions.share(session, analyst, saved.id, with_everybody=True)
    assert [view.name for view in known(session, colleague)] == ["Zebra", "A first"]
    assert [view.name for view in known(session, analyst)] == ["A first"]

    shared_questions.share(session, analyst, saved.id, with_everybody=False)

    assert [view.name for view in known(session, colleague)] == ["Zebra"]


def test_with_whom_it_is_shared_is_written_down(session, analyst, colleague):
    saved = save(session, analyst)

    shared_questions.share(
        session, analyst, saved.id, with_everybody=False, people=[colleague.id]
    )

    (event,) = events_of(session, Action.VIEW_SHARE)
    assert event.subject_id == str(saved.id)
    assert event.details == {
        "list": saved.key,
        "with_everybody": False,
        "people": [str(colleague.id)],
    }


@pytest.mark.parametrize("role", [Role.STAFF, None])
def test_it_is_shared_with_nobody_who_counts_no_cohorts(session, analyst, role):
    saved = save(session, analyst)
    somebody = cast.add_actor(session, role).id if role else uuid4()

    with pytest.raises(InvalidInput, match="may no longer count cohorts"):
        shared_questions.share(
            session, analyst, saved.id, with_everybody=False, people=[somebody]
        )


def test_a_list_of_patients_is_shared_with_nobody(session, analyst):
    key = views.store_criteria(session, analyst, Criteria(), subject=PATIENTS)
    saved = views.save_view(session, analyst, "All", key, subject=PATIENTS)

    with pytest.raises(InvalidInput, match="Only saved cohorts and queries"):
        shared_questions.share(session, analyst, saved.id, with_everybody=True)

    listed = update(SavedView).where(SavedView.id == saved.id)
    with pytest.raises(Exception, match="saved_views_questions_are_shared"):
        session.execute(listed.values(is_shared=True))


def test_who_counts_cohorts_no_more_is_told_of_none(session, analyst, colleague):
    saved = save(session, analyst)
    shared_questions.share(
        session, analyst, saved.id, with_everybody=True, people=[colleague.id]
    )
    session.execute(
        update(User).where(User.id == colleague.id).values(role=Role.STAFF.value)
    )

    with pytest.raises(NotAllowed):
        known(session, cast.add_actor(session, Role.STAFF))
    # It cannot be offered to others, either, although it was shared with them.
    with pytest.raises(InvalidInput):
        shared_questions.share(
            session, analyst, saved.id, with_everybody=False, people=[colleague.id]
        )


@pytest.mark.parametrize(
    ("description", "says"),
    [("x" * 301, "too long"), ("a\x07b", "cannot be shown")],
    ids=["long", "a control character"],
)
def test_what_it_is_for_is_short_and_can_be_shown(session, analyst, description, says):
    key = queries.remember(session, analyst, queries.parse(SQL))

    with pytest.raises(InvalidInput, match=says):
        views.save_view(
            session, analyst, "V", key, subject=QUERIES, description=description
        )


def test_another_name_leaves_what_it_is_for_unless_that_is_said(session, analyst):
    saved = save(session, analyst)

    named = views.rename_view(session, analyst, saved.id, "Other")
    assert (named.name, named.description) == ("Other", "For the board")

    said = views.rename_view(session, analyst, saved.id, "Other", description=" ")
    assert said.description == ""
