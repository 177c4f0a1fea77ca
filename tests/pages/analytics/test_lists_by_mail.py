"""A saved list or cohort is sent by mail from *Saved views*, and listed."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dashboard import wiring
from services.analytics import cohorts, subscriptions
from services.analytics.cohorts import COHORTS, Cohort, CohortEvent, EventKind
from services.analytics.subscriptions import (
    Frequency,
    SendingPlan,
    SubscriptionDraft,
)
from services.analytics.subscriptions.contents import SavedList
from services.core.actors import Role
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.lists.views import View
from services.patients.search.fields import PATIENTS
from tests.pages.conftest import Clinic, captions, press

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
WOMEN = Criteria(where=Group(members=(Filter("sex", Operator.EQUAL, "female"),)))
CAME = Cohort(entry=CohortEvent(kind=EventKind.VISIT))


@pytest.fixture(params=["patients", "cohorts"])
def view(clinic: Clinic, request) -> View:
    """A list that the analyst has saved, of either kind."""
    analyst = clinic.cast[Role.ANALYST]
    name = f"Women {uuid4().hex[:6]}"

    def save(session):
        if request.param == "cohorts":
            key, subject = cohorts.remember(session, analyst, CAME), COHORTS
        else:
            subject = PATIENTS
            key = views.store_criteria(session, analyst, WOMEN, subject=subject)
        return views.save_view(session, analyst, name, key, subject=subject)

    return clinic.write(save)


@pytest.fixture(autouse=True)
def _nothing_is_left(clinic: Clinic):
    yield
    analyst = clinic.cast[Role.ANALYST]
    for each in clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst)):
        clinic.write(lambda s, e=each: subscriptions.delete(s, analyst, e.id))


def subscribe(clinic: Clinic, view: View):
    analyst = clinic.cast[Role.ANALYST]
    draft = SubscriptionDraft(
        content=SavedList(view.id),
        recipients=(analyst.id,),
        plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
    )
    given = {"now": NOW, "most": 20}
    return clinic.write(lambda s: subscriptions.create(s, analyst, draft, **given))


def test_saved_views_ask_when_and_to_whom_a_list_is_sent(clinic: Clinic, view: View):
    app = press(clinic.open("views", Role.ANALYST), f"views_mail_{view.id}")

    # The form in the dialog is tested in the browser: here a click redraws the page
    # below.
    assert "has no rows and no names of patients" in captions(app)
    assert "no mail server yet" in captions(app)
    people = app.multiselect(key="dashboard_mail_recipients")
    assert people.value == [clinic.cast[Role.ANALYST].id]


def test_what_is_sent_of_a_list_is_looked_after_beside_dashboards(
    clinic: Clinic, view: View
):
    made, analyst = subscribe(clinic, view), clinic.cast[Role.ANALYST]
    app = clinic.open("dashboards", Role.ANALYST)
    assert f"**{view.name}**" in [each.value for each in app.markdown]
    assert "Saved list · Every Monday at 07:00" in captions(app)

    press(app, f"dashboards_mail_stop_{made}")

    assert "Stopped." in captions(app)
    clinic.write(lambda s: views.delete_view(s, analyst, view.id))
    app = clinic.open("dashboards", Role.ANALYST)
    said = [each.value for each in app.markdown]
    assert "**A saved list that was deleted**" in said


def test_deleting_a_view_says_to_how_many_people_it_is_sent(clinic: Clinic, view: View):
    said = "It is sent regularly by e-mail to 1 person. These e-mails stop."
    app = press(clinic.open("views", Role.ANALYST), f"views_delete_{view.id}")
    assert said not in [each.value for each in app.markdown]

    subscribe(clinic, view)
    app = press(clinic.open("views", Role.ANALYST), f"views_delete_{view.id}")

    assert said in [each.value for each in app.markdown]


def test_it_is_asked_and_listed_in_german(clinic: Clinic, view: View):
    subscribe(clinic, view)
    clinic.speak_german(Role.ANALYST)

    app = press(clinic.open("views", Role.ANALYST), f"views_mail_{view.id}")
    listed = clinic.open("dashboards", Role.ANALYST)

    assert "keine Zeilen und keine Namen von Patienten" in captions(app)
    assert "Gespeicherte Liste · " in captions(listed)


def test_it_is_not_offered_where_nothing_is_sent_by_mail(
    clinic: Clinic, view: View, request
):
    settings = clinic.wiring.settings.model_copy(update={"dashboards_by_mail": 0})
    wiring.use(replace(clinic.wiring, settings=settings))
    request.addfinalizer(lambda: wiring.use(clinic.wiring))

    app = clinic.open("views", Role.ANALYST)

    assert f"views_mail_{view.id}" not in {each.key for each in app.button}


def test_it_is_not_offered_to_who_counts_no_cohorts(clinic: Clinic):
    clerk = clinic.cast[Role.STAFF]
    name = f"Women {uuid4().hex[:6]}"

    def save(session):
        key = views.store_criteria(session, clerk, WOMEN, subject=PATIENTS)
        return views.save_view(session, clerk, name, key, subject=PATIENTS)

    view = clinic.write(save)

    app = clinic.open("views", Role.STAFF)

    keys = {each.key for each in app.button}
    assert f"views_open_{view.id}" in keys
    assert f"views_mail_{view.id}" not in keys
