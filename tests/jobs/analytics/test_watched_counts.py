"""A count that crosses its line is notified once, by the bell and by mail."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from dashboard.ui.language.papers import wording_in
from db.models.audit import AuditEvent
from db.models.patient import Patient
from db.models.user import User, UserNotification
from db.models.view import AnalystMail, CountAlert
from jobs.analytics.alerting import check_due
from jobs.analytics.mailing import AnalystMailing, send
from services.analytics import cohorts, count_alerts, figures
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortCount,
    CohortEvent,
    CohortResult,
    Dimension,
    EventKind,
    SuppressionReason,
)
from services.analytics.cohorts.results import AttritionStep
from services.analytics.count_alerts import AlertState, CountAlertDraft, DueAlert
from services.analytics.count_alerts.alerts import TooManyCountAlerts
from services.analytics.count_alerts.model import next_check
from services.analytics.figures import (
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
)
from services.analytics.subscriptions import MailSender
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.core.errors import InvalidInput, NotFound, ServiceError
from services.documents.forms import Clinic
from services.lists import views
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.mailbox import Mailbox, mailer_to
from tests.services.visits import visit_samples

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
VISITS = Cohort(entry=CohortEvent(kind=EventKind.VISIT))
BY_SEX = Figure(cohort=VISITS, by=(Dimension.SEX,))
MAILING = AnalystMailing(
    Clinic("Harbour Clinic", "", ""),
    MailSender("Harbour Clinic", "https://clinic.example"),
    5,
    lambda: NOW,
)


@pytest.fixture
def analyst(write):
    def prepare(session):
        # Patients who never come: without them a count of all would reveal the rest.
        for _ in range(12):
            cast.add_patient(session, cast.invent_patient())
        return cast.add_actor(session, cast.ANA)

    return write(prepare)


def come(write, people, *, hour):
    """Let this many more patients come for the first time."""

    def add(session):
        doctor = cast.add_doctor(session).id
        for minute in range(people):
            born = date(1950, 1, 1)
            patient = cast.add_patient(session, cast.invent_patient(date_of_birth=born))
            at = datetime(2026, 3, 4, hour, tzinfo=UTC) + timedelta(minutes=minute * 30)
            visit_samples.visit(session, doctor, patient.id, at, status="completed")

    write(add)


def watch(write, analyst, question=VISITS, *, is_above=True, line=10, most=5):
    draft = CountAlertDraft(
        name="Visitors", question=question, is_above=is_above, line=line
    )
    given = {"now": NOW, "most": most, "smallest_group": 5}
    return write(lambda s: count_alerts.create(s, analyst, draft, **given))


def look(database, *, days=0, is_mailed=True):
    now = NOW + timedelta(days=days)
    return check_due(database, replace(MAILING, now=lambda: now), is_mailed=is_mailed)


def bell(write, analyst):
    notifications = select(UserNotification.id).where(
        UserNotification.user_id == analyst.id, UserNotification.topic == "count"
    )
    return write(lambda s: s.scalars(notifications).all())


def state(write, analyst):
    [alert] = write(lambda s: count_alerts.list_alerts(s, analyst))
    return alert.state


@pytest.mark.parametrize(
    "kept",
    [
        cohorts.to_json(VISITS) | {"blood_group": "0"},
        figures.to_json(BY_SEX) | {"by": ["blood group"]},
    ],
)
def test_what_a_newer_version_has_kept_is_left_to_a_worker_of_it(
    database, write, analyst, kept
):
    come(write, 12, hour=9)
    watch(write, analyst)
    key = write(lambda s: views.store(s, analyst, kept, subject=COHORTS))
    write(lambda s: s.execute(update(CountAlert).values(criteria_key=key)))

    assert look(database) == 0
    assert bell(write, analyst) == []


def test_a_crossing_is_told_once_by_the_bell_and_by_mail(database, write, analyst):
    mailbox = Mailbox()
    come(write, 8, hour=9)
    watch(write, analyst)
    with mailer_to(mailbox) as mailer:
        look(database)
        assert (state(write, analyst), bell(write, analyst)) == (AlertState.WITHIN, [])

        come(write, 6, hour=14)
        for days in (1, 2):
            look(database, days=days)
            send(database, mailer, MAILING)

    assert state(write, analyst) is AlertState.BEYOND
    assert len(bell(write, analyst)) == 1
    [email] = mailbox.emails
    assert email["To"] == cast.ANA.email
    # Neither what is counted nor the number.
    assert email["Subject"] == "Harbour Clinic: a count has crossed its line"
    said = email.get_content()
    assert "more than 10 are counted" in said
    assert "https://clinic.example/dashboards" in said
    assert "14" not in said.replace("clinic", "")


def test_a_crossing_is_told_in_the_language_of_its_owner(database, write, analyst):
    mailbox = Mailbox()
    come(write, 14, hour=9)
    watch(write, analyst)
    german = update(User).where(User.id == analyst.id).values(language="de")
    write(lambda s: s.execute(german))
    wording = partial(wording_in, usual="en")

    check_due(database, replace(MAILING, wording=wording), is_mailed=True)
    with mailer_to(mailbox) as mailer:
        send(database, mailer, MAILING)

    [email] = mailbox.emails
    assert email["Subject"] == (
        "Harbour Clinic: eine Zahl hat ihren Schwellenwert überschritten"
    )
    assert "Gezählt werden mehr als 10." in email.get_content()


@pytest.fixture
def own(database, analyst):
    """Run an operation as the analyst, by PostgreSQL's rules; return its result."""
    return ActorDatabase(database, analyst).write


def change(own, analyst, alert_id, *, name="Visitors", is_above=True, line=10):
    wanted = {"name": name, "is_above": is_above, "line": line}
    given = {"now": NOW, "smallest_group": 5}
    own(lambda s: count_alerts.change(s, analyst, alert_id, **wanted, **given))


def test_at_another_threshold_it_is_looked_at_anew(database, write, analyst, own):
    mailbox = Mailbox()
    come(write, 14, hour=9)
    made = watch(write, analyst)
    look(database)
    assert len(bell(write, analyst)) == 1

    change(own, analyst, made, line=20)

    # The notifications were about the former threshold: in the bell, and in a mail that
    # has not been sent yet.
    assert bell(write, analyst) == []
    with mailer_to(mailbox) as mailer:
        send(database, mailer, MAILING)
    assert mailbox.emails == []
    [alert] = write(lambda s: count_alerts.list_alerts(s, analyst))
    assert (alert.line, alert.state) == (20, AlertState.UNKNOWN)
    assert (alert.checked_at, alert.crossed_at) == (None, None)
    assert look(database) == 1
    assert state(write, analyst) is AlertState.WITHIN
    change(own, analyst, made, line=20, is_above=False)
    look(database)
    assert state(write, analyst) is AlertState.BEYOND
    assert len(bell(write, analyst)) == 1


def test_by_another_name_it_stands_as_before(database, write, analyst, own):
    come(write, 14, hour=9)
    made = watch(write, analyst)
    look(database)

    change(own, analyst, made, name=" All  visitors ")
    change(own, analyst, made, name="All visitors")

    [alert] = write(lambda s: count_alerts.list_alerts(s, analyst))
    assert (alert.name, alert.state) == ("All visitors", AlertState.BEYOND)
    assert len(bell(write, analyst)) == 1
    changes = select(AuditEvent.details).where(AuditEvent.action == "watch:change")
    [details] = write(lambda s: s.scalars(changes).all())
    assert details["changed"] == {"name": ["Visitors", "All visitors"]}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"name": " "}, "a name"),
        ({"line": 4}, "Counts below 5"),
        ({"line": 10**10}, "lower threshold"),
        ({"line": 12}, "at this threshold"),
    ],
)
def test_a_change_is_refused_as_something_new_would_be(
    write, analyst, own, wanted, said
):
    made = watch(write, analyst)
    watch(write, analyst, line=12)

    with pytest.raises(ServiceError, match=said):
        change(own, analyst, made, **wanted)


def test_nobody_changes_a_colleagues_alert(database, write, analyst):
    made = watch(write, analyst)
    other = write(lambda s: cast.add_actor(s, Role.ANALYST))

    with pytest.raises(NotFound):
        change(ActorDatabase(database, other).write, other, made, line=20)


def test_it_is_told_again_once_it_was_on_the_other_side(database, write, analyst):
    come(write, 14, hour=9)
    watch(write, analyst)
    look(database)
    assert state(write, analyst) is AlertState.BEYOND
    some = select(Patient.id).where(Patient.date_of_birth == date(1950, 1, 1)).limit(6)
    gone = update(Patient).where(Patient.id.in_(some)).values(deleted_at=NOW)
    write(lambda s: s.execute(gone) and None)

    look(database, days=1)
    assert state(write, analyst) is AlertState.WITHIN
    come(write, 8, hour=14)
    look(database, days=2)

    crossings = select(AuditEvent.id).where(AuditEvent.action == "watch:tell")
    assert len(write(lambda s: s.scalars(crossings).all())) == 2


def test_it_is_looked_at_once_a_morning_and_without_mail_the_bell_tells(
    database, write, analyst
):
    come(write, 14, hour=9)
    watch(write, analyst)

    assert look(database, is_mailed=False) == 1
    assert look(database, is_mailed=False) == 0

    assert len(bell(write, analyst)) == 1
    assert write(lambda s: s.scalars(select(AnalystMail)).all()) == []
    assert next_check(NOW) == datetime(2026, 12, 1, 6, tzinfo=UTC)
    assert look(database, days=1, is_mailed=False) == 1


def test_a_mail_waits_while_watching_is_switched_off(database, write, analyst):
    mailbox = Mailbox()
    come(write, 14, hour=9)
    watch(write, analyst)
    look(database)
    with mailer_to(mailbox) as mailer:
        send(database, mailer, replace(MAILING, watches_counts=False))
        assert mailbox.emails == []

        send(database, mailer, MAILING)

    assert len(mailbox.emails) == 1


def test_fewer_than_the_line_is_told_although_the_number_is_not(
    database, write, analyst
):
    come(write, 3, hour=9)
    watch(write, analyst, is_above=False, line=5)

    look(database)

    assert state(write, analyst) is AlertState.BEYOND
    assert len(bell(write, analyst)) == 1


def test_what_is_not_told_on_the_page_is_not_told_here(database, write, analyst):
    come(write, 8, hour=9)
    watch(write, analyst)
    look(database)
    # Two more would be revealed beside the eight: the earlier answer stays.
    come(write, 3, hour=14)

    look(database, days=1)

    assert state(write, analyst) is AlertState.WITHIN
    assert bell(write, analyst) == []


@pytest.mark.parametrize("values", [{"deactivated_at": NOW}, {"role": "staff"}])
def test_nobody_is_told_who_counts_no_cohorts_any_more(
    database, write, analyst, values
):
    come(write, 14, hour=9)
    watch(write, analyst)
    mailbox = Mailbox()
    changed = update(User).where(User.id == analyst.id).values(values)
    with mailer_to(mailbox) as mailer:
        look(database)
        write(lambda s: s.execute(changed))
        send(database, mailer, MAILING)
        looked_at = look(database, days=1)

    assert (mailbox.emails, looked_at) == ([], 0)
    [event] = write(lambda s: events_of(s, "watch:send"))
    assert (event.outcome, event.details) == ("refused", {"because": "owner"})


def test_it_is_counted_and_told_in_its_owners_name(database, write, analyst):
    come(write, 14, hour=9)
    watch(write, analyst, BY_SEX)

    look(database)

    counted = select(AuditEvent.actor_id).where(
        AuditEvent.action.in_(["cohort:count", "watch:tell"])
    )
    assert write(lambda s: s.scalars(counted).all()) == [analyst.id] * 2


def cohort(number, hidden=None):
    steps = (AttritionStep("all", CohortCount(number, hidden)),)
    return CohortResult(VISITS, "", steps, (), (), 5, NOW)


def figure(*numbers):
    cells = tuple(FigureCell((str(place),), n) for place, n in enumerate(numbers))
    return FigureResult(BY_SEX, "", cells, 5, NOW)


@pytest.mark.parametrize(
    ("counts", "above", "below"),
    [
        (cohort(11), AlertState.BEYOND, AlertState.WITHIN),
        (cohort(10), AlertState.WITHIN, AlertState.WITHIN),
        (cohort(9), AlertState.WITHIN, AlertState.BEYOND),
        (cohort(None, SuppressionReason.FEW), AlertState.WITHIN, AlertState.BEYOND),
        (
            cohort(None, SuppressionReason.NEARLY_ALL),
            AlertState.UNKNOWN,
            AlertState.UNKNOWN,
        ),
        # One number beyond the line is enough; a hidden one is on neither side.
        (figure(7, 30, None), AlertState.BEYOND, AlertState.BEYOND),
        (figure(10, None), AlertState.WITHIN, AlertState.WITHIN),
        (figure(None), AlertState.UNKNOWN, AlertState.UNKNOWN),
        (figure(), AlertState.UNKNOWN, AlertState.UNKNOWN),
    ],
)
def test_the_side_of_the_line_is_that_of_told_numbers(counts, above, below):
    for is_above, expected in ((True, above), (False, below)):
        due = DueAlert(
            id=cast.act_as(cast.ANA).id,
            due_at=NOW,
            owner=cast.act_as(cast.ANA),
            name="",
            question=VISITS,
            is_above=is_above,
            line=10,
        )
        assert count_alerts.state_of(due, counts) is expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"line": 4}, "Counts below 5"),
        ({"line": 10**10}, "lower threshold"),
        ({"name": "  "}, "a name"),
        ({"name": "\u202e\u200b"}, "a name"),
        ({"name": "x" * 61}, "Name is too long; shorten it to 60 characters"),
        (
            {"question": replace(BY_SEX, measure=FigureMeasure.DISTRIBUTION)},
            "a number of patients or of events",
        ),
    ],
)
def test_a_line_that_cannot_be_told_of_is_refused(write, analyst, changes, said):
    draft = CountAlertDraft(name="A", question=VISITS, is_above=False, line=5)
    draft = replace(draft, **changes)
    given = {"now": NOW, "most": 5, "smallest_group": 5}

    with pytest.raises(InvalidInput, match=said):
        write(lambda s: count_alerts.create(s, analyst, draft, **given))


def test_there_are_as_many_as_the_clinic_lets_anybody_have(write, analyst):
    made = watch(write, analyst, most=1)
    with pytest.raises(TooManyCountAlerts):
        watch(write, analyst, line=20, most=1)
    other = write(lambda s: cast.add_actor(s, Role.ANALYST))
    with pytest.raises(NotFound):
        write(lambda s: count_alerts.delete(s, other, made))

    write(lambda s: count_alerts.delete(s, analyst, made))

    assert write(lambda s: count_alerts.list_alerts(s, analyst)) == ()
