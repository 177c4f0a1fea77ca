"""Dashboards are sent by mail from their page, and listed with the outcomes."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from dashboard import wiring
from db.models.view import CountAlert, DashboardSubscription
from services.analytics import count_alerts, dashboards, figures, subscriptions
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.count_alerts import CountAlertDraft
from services.analytics.dashboards import Card, DashboardDraft, DashboardFilter
from services.analytics.dashboards.storing import read_filter
from services.analytics.figures import Figure
from services.analytics.subscriptions import Frequency, SendingPlan, SubscriptionDraft
from services.core.actors import Role
from services.patients.records.model import Sex
from tests.kit import cast
from tests.pages.conftest import Clinic, captions, markdown_of, press, problem_places

BY_SEX = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
)
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture
def opened(clinic: Clinic) -> UUID:
    """Return a dashboard of the analyst's own."""
    card = Card(id=uuid4(), title="Who came", figure=BY_SEX)
    draft = DashboardDraft(name=f"Visits {uuid4().hex[:6]}", cards=(card,))
    analyst = clinic.cast[Role.ANALYST]
    return clinic.write(lambda s: dashboards.create(s, analyst, draft).id)


@pytest.fixture(autouse=True)
def _nothing_is_left(clinic: Clinic):
    yield
    analyst = clinic.cast[Role.ANALYST]
    for each in clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst)):
        act = subscriptions.delete if each.is_own else subscriptions.leave
        clinic.write(lambda s, a=act, e=each: a(s, analyst, e.id))
    for each in clinic.write(lambda s: count_alerts.list_alerts(s, analyst)):
        clinic.write(lambda s, e=each: count_alerts.delete(s, analyst, e.id))


def subscribe(clinic: Clinic, *, by_other: bool = False) -> UUID:
    """Subscribe the analyst to a dashboard that comes with the app."""
    analyst = clinic.cast[Role.ANALYST]

    def add(session):
        owner = cast.add_actor(session, Role.ANALYST) if by_other else analyst
        draft = SubscriptionDraft(
            content="visits",
            filter=DashboardFilter(),
            recipients=(analyst.id,),
            plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
        )
        return subscriptions.create(session, owner, draft, now=NOW, most=20)

    return clinic.write(add)


def test_a_dashboard_is_sent_regularly_with_the_filter_that_is_chosen(
    clinic: Clinic, opened: UUID
):
    analyst = clinic.cast[Role.ANALYST]
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened, sexes="male")
    # The sender is the recipient, unless others are chosen too.
    assert app.multiselect(key="dashboard_mail_recipients").value == [analyst.id]
    assert "no mail server yet" in captions(app)
    app.radio(key="dashboard_mail_rhythm").set_value(Frequency.MONTHLY).run()
    app.selectbox(key="dashboard_mail_day").set_value(28)
    app.selectbox(key="dashboard_mail_hour").set_value(18)

    press(app, "dashboard_mail_add")

    [made] = clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst))
    assert made.plan == SendingPlan(frequency=Frequency.MONTHLY, day=28, hour=18)
    assert made.next_at is not None
    # Read by its id: others, of colleagues and other tests, may be due before it.
    kept = clinic.write(lambda s: s.get_one(DashboardSubscription, made.id).shown)
    assert read_filter(kept) == DashboardFilter(sexes=(Sex.MALE,))


def test_a_menu_that_opens_after_another_run_has_its_first_values(
    clinic: Clinic, opened: UUID
):
    """A browser draws the fields once the menu opens, from what the last run says."""
    analyst = clinic.cast[Role.ANALYST]
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened).run()

    hour = app.selectbox(key="dashboard_mail_hour")
    recipients = app.multiselect(key="dashboard_mail_recipients")
    assert hour.options[hour.proto.default] == "07:00"
    chosen = [recipients.options[place] for place in recipients.proto.default]
    assert chosen == [analyst.name]


def test_the_menu_in_which_it_was_asked_closes_and_a_second_press_is_refused(
    clinic: Clinic,
):
    analyst = clinic.cast[Role.ANALYST]
    app = clinic.open("dashboard", Role.ANALYST, dashboard="visits")
    app.session_state["dashboard_mailing"] = True

    press(app, "dashboard_mail_add")

    assert not app.session_state["dashboard_mailing"]
    press(app, "dashboard_mail_add")
    [error] = app.error
    assert "already sent to the same people at these times" in error.value
    assert (
        len(clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst))) == 1
    )


def test_deleting_says_to_how_many_people_it_is_sent(clinic: Clinic, opened: UUID):
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened)
    press(app, "dashboard_remove")
    assert not [each for each in app.markdown if "by e-mail" in each.value]

    press(app, "dashboard_mail_add")
    press(app, "dashboard_remove")

    said = "It is sent regularly by e-mail to 1 person. These e-mails stop."
    assert said in [each.value for each in app.markdown]


def test_what_is_sent_is_opened_from_its_list(clinic: Clinic):
    made = subscribe(clinic)
    app = clinic.open("dashboards", Role.ANALYST)

    press(app, f"dashboards_mail_open_{made}")

    assert app.title[0].value == "Visits and no-shows"


def test_to_nobody_it_is_not_sent(clinic: Clinic):
    app = clinic.open("dashboard", Role.ANALYST, dashboard="visits")
    app.multiselect(key="dashboard_mail_recipients").set_value([])

    press(app, "dashboard_mail_add")

    assert [each.value for each in app.error][-1] == "Choose to whom it is sent."
    assert problem_places(app) == ["recipients"]


def test_what_is_sent_is_stopped_resumed_sent_at_once_and_deleted(
    clinic: Clinic,
):
    made, analyst = subscribe(clinic), clinic.cast[Role.ANALYST]
    app = clinic.open("dashboards", Role.ANALYST)
    said = captions(app)
    assert "Every Monday at 07:00" in said
    assert f"to {analyst.name}" in said

    press(app, f"dashboards_mail_stop_{made}")
    assert "Stopped." in captions(app)
    press(app, f"dashboards_mail_resume_{made}")
    assert "Stopped." not in captions(app)
    press(app, f"dashboards_mail_now_{made}")
    # There is no mail server in these tests.
    assert [each.value for each in app.toast] == [
        "It is sent once the clinic has a mail server."
    ]
    assert len(clinic.audit("subscription:send-now")) == 1
    press(app, f"dashboards_mail_delete_{made}")

    assert "Nobody gets it by e-mail any more" in app.markdown[-1].value


def field(app, made: UUID, name: str) -> str:
    """Return the key of a field of the form that changes a subscription."""
    start, end = f"dashboards_mail_{made}_", f"_{name}"
    fields = (*app.radio, *app.selectbox, *app.multiselect, *app.button)
    keys = [str(each.key) for each in fields]
    [key] = [key for key in keys if key.startswith(start) and key.endswith(end)]
    return key


def in_dialog(app, opens: str, presses: str = "") -> None:
    """Do what a dialog does: AppTest knows no dialogs, and runs the whole page."""
    app.button(key=opens).click()
    if presses:
        app.button(key=presses).click()
    app.run()


def test_times_and_recipients_are_changed_in_place(clinic: Clinic):
    made, analyst = subscribe(clinic), clinic.cast[Role.ANALYST]
    other = clinic.write(lambda s: cast.add_actor(s, Role.ANALYST))
    app = clinic.open("dashboards", Role.ANALYST)

    opens = f"dashboards_mail_change_{made}"
    press(app, opens)

    # The fields show the current values.
    assert app.radio(key=field(app, made, "rhythm")).value is Frequency.WEEKLY
    assert app.selectbox(key=field(app, made, "weekday")).value == 0
    assert app.selectbox(key=field(app, made, "hour")).value == 7
    recipients = app.multiselect(key=field(app, made, "recipients"))
    assert recipients.value == [analyst.id]
    recipients.set_value([])
    in_dialog(app, opens, field(app, made, "save"))
    assert [each.value for each in app.error][-1] == "Choose to whom it is sent."
    key = field(app, made, "recipients")
    app.multiselect(key=key).set_value([analyst.id, other.id])
    app.radio(key=field(app, made, "rhythm")).set_value(Frequency.MONTHLY)
    in_dialog(app, opens)
    app.selectbox(key=field(app, made, "day")).set_value(3)
    app.selectbox(key=field(app, made, "hour")).set_value(18)
    in_dialog(app, opens, field(app, made, "save"))

    assert [each.value for each in app.toast] == [
        "The change is saved: sent on day 3 of every month at 18:00."
    ]
    [now] = clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst))
    assert (now.id, set(now.recipients)) == (made, {analyst.id, other.id})
    assert now.plan == SendingPlan(frequency=Frequency.MONTHLY, day=3, hour=18)
    assert len(clinic.audit("subscription:change")) == 1


def test_what_was_deleted_is_not_changed_any_more(clinic: Clinic, opened: UUID):
    analyst = clinic.cast[Role.ANALYST]
    draft = SubscriptionDraft(
        content=opened,
        recipients=(analyst.id,),
        plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
    )
    made = clinic.write(
        lambda s: subscriptions.create(s, analyst, draft, now=NOW, most=20)
    )
    clinic.write(lambda s: dashboards.delete(s, analyst, opened))

    app = clinic.open("dashboards", Role.ANALYST)

    keys = {each.key for each in app.button}
    assert f"dashboards_mail_delete_{made}" in keys
    assert f"dashboards_mail_change_{made}" not in keys


def test_what_somebody_else_sends_is_left(clinic: Clinic):
    made, analyst = subscribe(clinic, by_other=True), clinic.cast[Role.ANALYST]
    app = clinic.open("dashboards", Role.ANALYST)
    assert f"dashboards_mail_stop_{made}" not in {each.key for each in app.button}

    press(app, f"dashboards_mail_leave_{made}")

    assert clinic.write(lambda s: subscriptions.list_subscriptions(s, analyst)) == ()


@pytest.mark.parametrize("name", ["dashboards_by_mail", "count_alerts"])
def test_what_the_clinic_has_switched_off_is_not_offered(
    clinic: Clinic, name: str, request
):
    settings = clinic.wiring.settings.model_copy(update={name: 0})
    wiring.use(replace(clinic.wiring, settings=settings))
    request.addfinalizer(lambda: wiring.use(clinic.wiring))
    if name == "dashboards_by_mail":
        app = clinic.open("dashboard", Role.ANALYST, dashboard="visits")
    else:
        app = clinic.open("cohorts", Role.ANALYST, list=remember(clinic))

    keys = {each.key for each in app.button}
    assert not keys & {"dashboard_mail_add", "cohorts_alert_add"}


def test_nothing_is_promised_where_the_clinic_sends_no_dashboards(
    clinic: Clinic, request
):
    made = subscribe(clinic)
    settings = clinic.wiring.settings.model_copy(update={"dashboards_by_mail": 0})
    wiring.use(replace(clinic.wiring, settings=settings))
    request.addfinalizer(lambda: wiring.use(clinic.wiring))

    app = clinic.open("dashboards", Role.ANALYST)

    assert "mail is switched off" in captions(app)
    assert f"dashboards_mail_now_{made}" not in {each.key for each in app.button}
    press(app, f"dashboards_mail_stop_{made}")
    assert f"dashboards_mail_resume_{made}" not in {each.key for each in app.button}


def test_of_a_deleted_dashboard_nothing_but_deleting_is_offered(
    clinic: Clinic, opened: UUID
):
    analyst = clinic.cast[Role.ANALYST]

    def add(session):
        draft = SubscriptionDraft(
            content=opened,
            filter=DashboardFilter(),
            recipients=(analyst.id,),
            plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
        )
        made = subscriptions.create(session, analyst, draft, now=NOW, most=20)
        subscriptions.stop(session, analyst, made)
        dashboards.delete(session, analyst, opened)
        return made

    made = clinic.write(add)

    app = clinic.open("dashboards", Role.ANALYST)

    offered = {each.key for each in app.button if str(each.key).endswith(str(made))}
    assert offered == {f"dashboards_mail_delete_{made}"}


def test_a_dashboard_that_is_not_shared_any_more_is_left_without_its_name(
    clinic: Clinic,
):
    analyst = clinic.cast[Role.ANALYST]
    name = f"Quiet {uuid4().hex[:6]}"

    def add(session):
        owner = cast.add_actor(session, Role.ANALYST)
        card = Card(id=uuid4(), title="Who came", figure=BY_SEX)
        draft = DashboardDraft(name=name, cards=(card,))
        made = dashboards.create(session, owner, draft).id
        people = [analyst.id]
        dashboards.share(session, owner, made, with_everybody=False, people=people)
        subscribed = SubscriptionDraft(
            content=made,
            filter=DashboardFilter(),
            recipients=(analyst.id,),
            plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
        )
        subscriptions.create(session, owner, subscribed, now=NOW, most=20)
        dashboards.share(session, owner, made, with_everybody=False)

    clinic.write(add)

    app = clinic.open("dashboards", Role.ANALYST)

    said = markdown_of(app)
    assert "A dashboard that is no longer shared with you" in said
    # And no button opens it.
    assert not [each for each in app.button if "mail_open" in str(each.key)]
    assert name not in said


def test_a_count_is_watched_where_it_is_counted_and_listed(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    app = clinic.open("cohorts", Role.ANALYST, list=remember(clinic))
    app.session_state["cohorts_alert"] = True
    app.run()
    app.text_input(key="cohorts_alert_name").set_value("Many")
    app.number_input(key="cohorts_alert_line").set_value(4)
    press(app, "cohorts_alert_add")
    assert "Counts below 5 are not shown" in [each.value for each in app.error][-1]
    app.number_input(key="cohorts_alert_line").set_value(None)
    press(app, "cohorts_alert_add")
    assert "Threshold is empty. Type a number." in [each.value for each in app.error]
    app.number_input(key="cohorts_alert_line").set_value(1200)
    app.radio(key="cohorts_alert_question").set_value(True)
    press(app, "cohorts_alert_add")

    assert not app.session_state["cohorts_alert"]
    [made] = clinic.write(lambda s: count_alerts.list_alerts(s, analyst))
    press(app, "cohorts_alert_add")
    assert (
        "You already watch this count at this threshold"
        in ([each.value for each in app.error][-1])
    )
    assert clinic.write(lambda s: count_alerts.list_alerts(s, analyst)) == (made,)
    app = clinic.open("dashboards", Role.ANALYST)
    assert "More than 1,200 · not counted yet" in captions(app)
    press(app, f"dashboards_alert_delete_{made.id}")

    assert clinic.write(lambda s: count_alerts.list_alerts(s, analyst)) == ()


def remember(clinic: Clinic) -> str:
    """Return the key of a counted figure."""
    analyst = clinic.cast[Role.ANALYST]
    return clinic.write(lambda s: figures.remember(s, analyst, BY_SEX))


def test_an_alert_leads_to_what_it_watches(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    draft = CountAlertDraft(name="Few", question=BY_SEX, is_above=False, line=20)
    given = {"now": NOW, "most": 5, "smallest_group": 5}
    made = clinic.write(lambda s: count_alerts.create(s, analyst, draft, **given))
    app = clinic.open("dashboards", Role.ANALYST)
    assert "Fewer than 20" in captions(app)

    press(app, f"dashboards_alert_open_{made}")

    assert app.title[0].value == "Cohorts"


def test_an_alert_that_was_counted_without_a_number_is_not_said_to_wait(
    clinic: Clinic,
):
    analyst = clinic.cast[Role.ANALYST]
    draft = CountAlertDraft(name="Never", question=BY_SEX, is_above=True, line=21)
    given = {"now": NOW, "most": 9, "smallest_group": 5}
    made = clinic.write(lambda s: count_alerts.create(s, analyst, draft, **given))
    counted = update(CountAlert).where(CountAlert.id == made).values(checked_at=NOW)
    clinic.write(lambda s: s.execute(counted) and None)

    app = clinic.open("dashboards", Role.ANALYST)

    assert "More than 21 · suppressed so far · checked" in captions(app)
    assert "More than 21 · not counted yet" not in captions(app)


def test_the_threshold_of_an_alert_is_changed_in_place(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    draft = CountAlertDraft(name="Few", question=BY_SEX, is_above=False, line=20)
    given = {"now": NOW, "most": 5, "smallest_group": 5}
    made = clinic.write(lambda s: count_alerts.create(s, analyst, draft, **given))
    app = clinic.open("dashboards", Role.ANALYST)

    opens = f"dashboards_alert_change_{made}"
    press(app, opens)

    key = f"dashboards_alert_{made}_below_20"
    assert app.text_input(key=f"{key}_name").value == "Few"
    assert app.radio(key=f"{key}_side").value is False
    assert app.number_input(key=f"{key}_line").value == 20
    app.number_input(key=f"{key}_line").set_value(4)
    in_dialog(app, opens, f"{key}_save")
    assert "Counts below 5 are not shown" in [each.value for each in app.error][-1]
    app.text_input(key=f"{key}_name").set_value("Many")
    app.radio(key=f"{key}_side").set_value(True)
    app.number_input(key=f"{key}_line").set_value(1200)
    in_dialog(app, opens, f"{key}_save")

    assert [each.value for each in app.toast] == ["The alert is changed."]
    assert "More than 1,200 · not counted yet" in captions(app)
    [now] = clinic.write(lambda s: count_alerts.list_alerts(s, analyst))
    assert (now.id, now.name, now.is_above, now.line) == (made, "Many", True, 1200)
    assert len(clinic.audit("watch:change")) == 1
