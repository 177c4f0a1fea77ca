"""Dashboards are made and sent by a real worker through a real mail server."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from uuid import UUID, uuid4

import pypdfium2
import pytest
from sqlalchemy import func, select, text, update

from dashboard.ui.language.papers import wording_in
from db.files.seal_keys import SealKeyFile
from db.models.user import User, UserNotification
from db.models.view import AnalystMail, DashboardSubscription
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM
from jobs.analytics.mailing import send
from jobs.worker.tasks import Stores, queue
from services.analytics import dashboards, subscriptions
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import Card, DashboardDraft, DashboardFilter
from services.analytics.figures import Chart, Figure
from services.analytics.subscriptions import (
    MailSender,
    StopReason,
    SubscriptionDraft,
)
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.patients.records.model import Sex
from tests.jobs.analytics.mailing_samples import MONDAYS, NOW, MailingClinic
from tests.jobs.due_tasks import run_due
from tests.kit import cast
from tests.kit.replicas import write_everywhere
from tests.services.visits import visit_samples

BY_SEX = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
)


@dataclass(kw_only=True)
class Desk(MailingClinic):
    """A clinic whose analyst subscribes a colleague and themselves to a dashboard."""

    dashboard: UUID
    subscription: UUID

    def bell(self) -> set[UUID]:
        """Return who is notified that something is no longer sent."""
        recipients = select(UserNotification.user_id).where(
            UserNotification.topic == "unsent",
            UserNotification.subject_id == self.subscription,
        )
        return self.write(lambda s: set(s.scalars(recipients)))

    def withheld(self) -> list[str]:
        """Return from the audit events why mails to somebody were withheld."""
        refused = [
            e for e in self.events("subscription:send") if e.outcome == "refused"
        ]
        assert {event.actor_id for event in refused} <= {self.analyst.id}
        return [event.details["because"] for event in refused]


@pytest.fixture
def desk(database) -> Desk:
    """Eleven women and two men have come; the dashboard has been due for an hour."""
    analyst, colleague, made, subscribed = write_everywhere(database, _prepare)
    return Desk(
        database=database,
        analyst=analyst,
        colleague=colleague,
        dashboard=made,
        subscription=subscribed,
    )


def _prepare(session):
    doctor = cast.add_doctor(session).id
    for number in range(21):
        sex = Sex.FEMALE if number < 11 else Sex.MALE
        draft = cast.invent_patient(sex=sex, date_of_birth=date(1950, 1, 1))
        patient = cast.add_patient(session, draft)
        # The last eight have never come.
        if number >= 13:
            continue
        at = datetime(2026, 3, 4, 9, tzinfo=UTC) + timedelta(hours=number)
        visit_samples.visit(session, doctor, patient.id, at, status="completed")
    analyst = cast.add_actor(session, cast.ANA)
    colleague = cast.add_actor(session, Role.ANALYST)
    cards = (
        Card(id=uuid4(), title="Who came", figure=BY_SEX),
        Card(
            id=uuid4(),
            title="Women",
            figure=replace(BY_SEX, cohort=replace(BY_SEX.cohort, sexes=(Sex.FEMALE,))),
        ),
    )
    made = dashboards.create(session, analyst, DashboardDraft(name="Desk", cards=cards))
    people = [colleague.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)
    draft = SubscriptionDraft(
        content=made.id,
        filter=DashboardFilter(sexes=(Sex.FEMALE, Sex.MALE)),
        recipients=(analyst.id, colleague.id),
        plan=MONDAYS,
    )
    before = NOW - timedelta(days=3)
    subscribed = subscriptions.create(session, analyst, draft, now=before, most=5)
    return analyst, colleague, made.id, subscribed


def attached(email) -> tuple[str, str]:
    """Return the name and the text of the PDF attached to an e-mail."""
    [part] = email.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    with pypdfium2.PdfDocument(BytesIO(part.get_content())) as opened:
        pages = [page.get_textpage().get_text_range() for page in opened]
    return part.get_filename(), " ".join("\n".join(pages).split())


def test_a_card_is_drawn_as_its_dashboard_says(desk, monkeypatch):
    drawn = []

    def draw(_, cards, *__, **___):
        drawn.extend(card.result.figure.chart for card in cards)
        return b"%PDF"

    def draw_bars(session):
        own = dashboards.get_dashboard(session, desk.analyst, desk.dashboard)
        cards = tuple(
            replace(card, figure=replace(card.figure, chart=Chart.BARS))
            for card in own.draft.cards
        )
        draft = replace(own.draft, cards=cards)
        dashboards.change(session, desk.analyst, own.id, draft, version=own.version)

    desk.act(draw_bars)
    monkeypatch.setattr(dashboards, "dashboard_pdf", draw)

    desk.run()

    assert drawn == [Chart.BARS, Chart.BARS]


def test_each_person_gets_the_dashboard_as_a_pdf_with_date_and_criteria(
    desk, mailbox, mailer
):
    desk.run(mailer)

    ids = desk.analyst.id, desk.colleague.id
    own, colleagues = (
        desk.write(lambda s, i=each: s.get_one(User, i).email) for each in ids
    )
    mails = {email["To"]: email for email in mailbox.emails}
    assert mails.keys() == {own, colleagues}
    email = mails[colleagues]
    # The e-mail reveals no more than a postcard: the dashboard is only in the PDF.
    assert email["Subject"] == "Harbour Clinic: a dashboard of 30 November 2026"
    said = email.get_body().get_content()
    assert f"https://clinic.example/dashboard?dashboard={desk.dashboard}" in said
    assert f"{desk.analyst.name} has it sent to you every Monday at 7:00" in said
    # The owner is told what the owner can do: there is nothing to leave.
    owners_text = mails[own].get_body().get_content()
    assert "You have it sent every Monday at 7:00. To change that" in owners_text
    assert "Leave" not in owners_text
    name, paper = attached(email)
    assert name == "dashboard-2026-11-30.pdf"
    for each in (
        "30 November 2026, 08:00, times in UTC",
        "Counted are female or male",
        "Who came Every group here has fewer than 5 patients",
        "Sex Patients female 11",
    ):
        assert each.lower() in paper.lower(), paper
    listed = desk.listed()
    assert (listed.sent, listed.waiting, listed.failed) == (2, 0, 0)
    assert (listed.ran_at, listed.next_at) == (NOW, NOW + timedelta(days=7, hours=-1))
    assert desk.write(lambda s: s.scalar(select(func.count(AnalystMail.id)))) == 0


def test_each_has_the_paper_in_their_language_and_it_is_counted_once(
    desk, mailbox, mailer
):
    german = update(User).where(User.id == desk.colleague.id).values(language="de")
    desk.write(lambda s: s.execute(german))
    desk.papers = replace(desk.papers, wording=partial(wording_in, usual="en"))

    desk.run(mailer)

    papers = {email["To"]: attached(email)[1] for email in mailbox.emails}
    english = papers.pop(cast.ANA.email)
    assert "Sex Patients Female 11" in english
    [other] = papers.values()
    assert "Geschlecht Patienten Weiblich 11" in other
    [email] = [each for each in mailbox.emails if each["To"] != cast.ANA.email]
    subject = email["Subject"].replace("\xa0", " ")
    said = email.get_body().get_content().replace("\xa0", " ")
    assert subject == "Harbour Clinic: Dashboard vom 30. November 2026"
    assert "vom 30. November 2026 ist als PDF angehängt" in said
    assert f"{desk.analyst.name} lässt es Ihnen jeden Montag um 7:00 senden" in said
    assert f"https://clinic.example/dashboard?dashboard={desk.dashboard}" in said
    assert len(desk.events("cohort:count")) == 2


def test_it_is_counted_in_its_owners_name_and_each_mail_is_written_down(
    desk, mailbox, mailer
):
    desk.run(mailer)

    assert [event.actor_id for event in desk.events("cohort:count")] == [
        desk.analyst.id
    ] * 2
    sent = desk.events("subscription:send")
    assert {event.details["person"] for event in sent} == {
        str(desk.analyst.id),
        str(desk.colleague.id),
    }
    assert {(event.actor_id, event.outcome) for event in sent} == {
        (desk.analyst.id, "done")
    }


@pytest.mark.parametrize("shown", [{"age_band": "35–44"}, {"blood_group": "0"}])
def test_a_filter_that_a_newer_version_has_kept_waits_for_a_worker_of_it(
    desk, mailbox, mailer, shown
):
    before = desk.listed()
    desk.write(lambda s: s.execute(update(DashboardSubscription).values(shown=shown)))

    desk.run(mailer)

    assert mailbox.emails == []
    assert desk.listed() == before


def test_what_was_missed_while_no_worker_was_there_is_sent_once(desk, mailbox, mailer):
    desk.run(mailer, weeks=5)
    desk.run(mailer, weeks=5)

    assert len(mailbox.emails) == 2
    assert desk.listed().next_at == NOW + timedelta(weeks=6, hours=-1)


def test_nobody_gets_what_they_may_not_open_any_more(desk, mailbox, mailer):
    desk.act(
        lambda s: dashboards.share(
            s, desk.analyst, desk.dashboard, with_everybody=False
        )
    )

    desk.run(mailer)

    assert [email["To"] for email in mailbox.emails] == [cast.ANA.email]


def test_rights_are_looked_at_again_when_a_mail_that_waited_is_sent(
    desk, mailbox, mailer
):
    desk.run()
    desk.act(
        lambda s: dashboards.share(
            s, desk.analyst, desk.dashboard, with_everybody=False
        )
    )

    desk.run(mailer)

    assert [email["To"] for email in mailbox.emails] == [cast.ANA.email]
    assert (desk.listed().sent, desk.listed().waiting) == (1, 0)
    assert desk.withheld() == ["recipient"]


@pytest.mark.parametrize("values", [{"deactivated_at": NOW}, {"role": "staff"}])
def test_without_its_owner_it_stops_and_whoever_got_it_is_told(
    desk, mailbox, mailer, values
):
    changed = update(User).where(User.id == desk.analyst.id).values(values)
    desk.write(lambda s: s.execute(changed))

    desk.run(mailer)
    desk.run(mailer, weeks=1)

    assert mailbox.emails == []
    # An owner who may no longer count has no dashboards to look after.
    assert desk.bell() == {desk.colleague.id}
    [stopped] = desk.events("subscription:stop")
    assert stopped.details == {"because": "owner"}
    row = desk.write(lambda s: s.get_one(DashboardSubscription, desk.subscription))
    assert (row.next_at, row.stopped_because) == (None, StopReason.OWNER.value)


def test_a_dashboard_that_was_deleted_stops_it_and_all_are_told(desk, mailbox, mailer):
    desk.act(lambda s: dashboards.delete(s, desk.analyst, desk.dashboard))

    desk.run(mailer)

    assert mailbox.emails == []
    assert desk.bell() == {desk.analyst.id, desk.colleague.id}
    assert desk.listed().stopped_because is StopReason.DASHBOARD


def test_with_nobody_left_to_send_it_to_it_stops(desk, mailbox, mailer):
    only = update(DashboardSubscription).values(recipients=[desk.colleague.id])
    desk.write(lambda s: s.execute(only))
    desk.act(
        lambda s: dashboards.share(
            s, desk.analyst, desk.dashboard, with_everybody=False
        )
    )

    desk.run(mailer)

    assert desk.listed().stopped_because is StopReason.RECIPIENTS
    assert desk.analyst.id in desk.bell()


def test_what_is_stopped_meanwhile_is_not_sent(desk, mailbox, mailer):
    desk.run()
    desk.act(lambda s: subscriptions.stop(s, desk.analyst, desk.subscription))

    desk.run(mailer)

    assert mailbox.emails == []
    assert desk.listed().waiting == 0
    assert desk.withheld() == ["stopped", "stopped"]


def test_what_waits_for_a_recipient_who_is_taken_out_is_not_sent(desk, mailbox, mailer):
    desk.run()
    seen = desk.listed()
    wanted = {"recipients": [desk.analyst.id], "plan": seen.plan, "now": NOW}
    desk.act(lambda s: subscriptions.change(s, desk.analyst, seen, **wanted))

    send(desk.database, mailer, desk.papers)

    assert [email["To"] for email in mailbox.emails] == [cast.ANA.email]
    assert desk.withheld() == ["removed"]
    now = desk.listed()
    assert (now.next_at, now.waiting, now.sent) == (seen.next_at, 0, 1)


def test_what_waited_when_it_was_stopped_is_not_sent_once_it_is_resumed(
    desk, mailbox, mailer
):
    desk.run()
    desk.act(lambda s: subscriptions.stop(s, desk.analyst, desk.subscription))
    desk.act(
        lambda s: subscriptions.resume(s, desk.analyst, desk.subscription, now=NOW)
    )

    desk.run(mailer)

    assert mailbox.emails == []


@pytest.mark.parametrize("values", [{"deactivated_at": NOW}, {"role": "staff"}])
def test_what_waits_is_not_sent_after_its_owner_has_lost_the_right(
    desk, mailbox, mailer, values
):
    desk.run()
    changed = update(User).where(User.id == desk.analyst.id).values(values)
    desk.write(lambda s: s.execute(changed))

    send(desk.database, mailer, desk.papers)

    assert mailbox.emails == []
    assert desk.withheld() == ["owner", "owner"]


def test_what_waits_of_a_dashboard_that_was_deleted_is_withheld_for_that(
    desk, mailbox, mailer
):
    desk.run()
    desk.act(lambda s: dashboards.delete(s, desk.analyst, desk.dashboard))

    send(desk.database, mailer, desk.papers)

    assert mailbox.emails == []
    assert desk.withheld() == ["dashboard", "dashboard"]


def test_nobody_who_stops_leaves_or_deletes_waits_for_the_mail_server(
    desk, mailbox, mailer
):
    desk.run()
    analyst, colleague, made = desk.analyst, desk.colleague, desk.subscription
    acts = (
        (colleague, subscriptions.leave),
        (analyst, subscriptions.stop),
        (analyst, subscriptions.delete),
    )

    def act(session, actor, do):
        # A held lock ends the test here; otherwise nothing waits so long.
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        do(session, actor, made)

    class Slow:
        def send(self, email):
            for actor, do in acts:
                # Under PostgreSQL's own rules for each of them.
                own = ActorDatabase(desk.database, actor)
                own.write(partial(act, actor=actor, do=do))
            mailer.send(email)

    send(desk.database, Slow(), desk.papers)

    # The mail on its way was sent, and recorded; the other was withheld.
    assert len(mailbox.emails) == 1
    assert [event.outcome for event in desk.events("subscription:send")].count(
        "done"
    ) == 1


def test_a_mail_whose_worker_died_is_sent_by_the_next_and_not_before(
    desk, mailbox, mailer
):
    desk.run()
    claimed = desk.write(subscriptions.claim_next)

    send(desk.database, mailer, desk.papers)
    assert len(mailbox.emails) == 1
    _hurry(desk)
    send(desk.database, mailer, desk.papers)

    assert len(mailbox.emails) == 2
    # The attempt that was thought dead reports too late to count.
    desk.write(lambda s: subscriptions.settle(s, claimed, is_sent=True))
    listed = desk.listed()
    assert (listed.sent, listed.waiting, listed.failed) == (2, 0, 0)


def test_whoever_was_thought_dead_changes_nothing_of_the_next_attempt(desk):
    desk.run()
    first = desk.write(subscriptions.claim_next)
    _hurry(desk)
    second = desk.write(subscriptions.claim_next)
    assert (second.id, second.attempt) == (first.id, 2)
    until = select(AnalystMail.send_at).where(AnalystMail.id == first.id)
    put_off = desk.write(lambda s: s.scalars(until).one())

    desk.write(lambda s: subscriptions.settle(s, first, is_sent=False))

    assert desk.write(lambda s: s.scalars(until).one()) == put_off


def test_a_mail_that_no_worker_survives_is_given_up(desk, mailbox, mailer):
    desk.run()
    for _ in range(7):
        _hurry(desk)
        desk.write(subscriptions.claim_next)
        desk.write(subscriptions.claim_next)
    _hurry(desk)

    send(desk.database, mailer, desk.papers)

    assert mailbox.emails == []
    listed = desk.listed()
    assert (listed.sent, listed.waiting, listed.failed) == (0, 0, 2)


def test_what_somebody_is_changing_now_is_passed_over(desk, mailbox, mailer):
    desk.run()
    with desk.database.writing(identity=SYSTEM) as session:
        subscriptions.stop(session, desk.analyst, desk.subscription)
        send(desk.database, mailer, desk.papers)

    assert mailbox.emails == []


def test_whoever_has_left_meanwhile_gets_no_mail_that_waited(desk, mailbox, mailer):
    desk.run()
    desk.write(lambda s: subscriptions.leave(s, desk.colleague, desk.subscription))

    desk.run(mailer)

    assert [email["To"] for email in mailbox.emails] == [cast.ANA.email]
    assert desk.withheld() == ["left"]
    assert (desk.listed().sent, desk.listed().waiting) == (1, 0)


def test_what_waits_is_dropped_for_the_next_one_and_written_down(desk, mailbox, mailer):
    desk.run()
    desk.run(mailer, weeks=1)

    assert len(mailbox.emails) == 2
    assert desk.withheld() == ["replaced", "replaced"]


def test_of_two_workers_that_made_it_one_has_it_sent(desk, mailbox, mailer):
    due = desk.write(lambda s: subscriptions.find_due(s, NOW))
    desk.run()

    given = {"now": NOW, "sender": MailSender()}
    again = desk.write(lambda s: subscriptions.finish(s, due, {}, **given))

    assert again is False
    desk.run(mailer)
    assert len(mailbox.emails) == 2


def test_it_is_sent_at_once_and_then_as_planned(desk, mailbox, mailer):
    desk.run(mailer)
    later = NOW + timedelta(hours=2)
    desk.act(
        lambda s: subscriptions.send_now(s, desk.analyst, desk.subscription, now=later)
    )

    replace(desk.papers, now=lambda: later).run_due(desk.database)
    send(desk.database, mailer, desk.papers)

    assert len(mailbox.emails) == 4
    assert desk.listed().next_at == NOW + timedelta(days=7, hours=-1)


def test_a_mail_server_that_refuses_is_asked_again_until_it_is_given_up(
    desk, mailbox, mailer
):
    mailbox.refusal = "450 Try later"
    desk.run(mailer)
    waiting = desk.listed()
    assert (waiting.sent, waiting.waiting, waiting.failed) == (0, 2, 0)

    _hurry(desk)
    mailbox.refusal = None
    claimed = desk.write(subscriptions.claim_next)
    mailer.send(claimed.email)
    desk.write(lambda s: subscriptions.settle(s, claimed, is_sent=True))
    mailbox.refusal = "450 Try later"
    for _ in range(6):
        _hurry(desk)
        send(desk.database, mailer, desk.papers)

    given_up = desk.listed()
    assert (given_up.sent, given_up.waiting, given_up.failed) == (1, 0, 1)
    assert desk.events("subscription:send")[-1].outcome == "failed"


def _hurry(desk: Desk) -> None:
    """Make what waits for another attempt due."""
    due = update(AnalystMail).values(send_at=func.now())
    desk.write(lambda s: s.execute(due))


def test_one_that_cannot_be_made_holds_up_no_other(desk, mailbox, mailer, monkeypatch):
    draft = SubscriptionDraft(
        content="visits",
        filter=DashboardFilter(),
        recipients=(desk.colleague.id,),
        plan=replace(MONDAYS, hour=8),
    )
    given = {"now": NOW - timedelta(days=3), "most": 5}
    desk.write(lambda s: subscriptions.create(s, desk.colleague, draft, **given))
    make = dashboards.dashboard_pdf

    def make_others(made, *rest, **more):
        if made.name == "Desk":
            raise ArithmeticError
        return make(made, *rest, **more)

    monkeypatch.setattr(dashboards, "dashboard_pdf", make_others)

    desk.run(mailer)

    assert len(mailbox.emails) == 1
    assert (desk.listed().failed, desk.listed().ran_at) == (2, NOW)
    assert [event.outcome for event in desk.events("subscription:send")] == [
        "failed",
        "done",
    ]


def test_what_waits_is_sent_although_the_next_could_not_be_made(desk, mailbox, mailer):
    desk.run()
    later = NOW + timedelta(weeks=1)
    due = desk.write(lambda s: subscriptions.find_due(s, later))
    desk.write(lambda s: subscriptions.fail(s, due, now=later))
    assert (desk.listed().waiting, desk.listed().failed) == (2, 2)

    desk.run(mailer)

    assert len(mailbox.emails) == 2
    listed = desk.listed()
    assert (listed.sent, listed.waiting, listed.failed) == (2, 0, 2)


@pytest.fixture
def stores(desk, endpoints, files, tmp_path, monkeypatch) -> Iterator[Stores]:
    """What a worker of the clinic has, without a mail server."""
    queue.perform_import_paths()
    # Otherwise periodic tasks that are due in this minute would run as well.
    monkeypatch.setattr(queue.periodic_registry, "periodic_tasks", {})
    keys = SealKeyFile(tmp_path / "secrets/audit.key", may_be_made=True)
    with closing(AuditStore(endpoints.audit_url)) as audit:
        yield Stores(desk.database, files, audit, keys, analyst_mailing=desk.papers)


def test_what_is_due_waits_for_a_mail_server_and_a_worker_sends_it(
    desk, endpoints, stores, mailbox, mailer
):
    run_due(endpoints, stores, "send_to_analysts")
    assert desk.listed().ran_at is None

    run_due(endpoints, replace(stores, mailer=mailer), "send_to_analysts")

    assert len(mailbox.emails) == 2


def test_where_it_is_switched_off_nothing_is_sent(
    desk, endpoints, stores, mailbox, mailer
):
    off = replace(desk.papers, sends_dashboards=False)

    run_due(
        endpoints,
        replace(stores, mailer=mailer, analyst_mailing=off),
        "send_to_analysts",
    )

    assert mailbox.emails == []
    assert desk.listed().ran_at is None


def test_mails_that_wait_stay_where_it_was_switched_off_meanwhile(
    desk, endpoints, stores, mailbox, mailer
):
    desk.run()
    off = replace(desk.papers, sends_dashboards=False)

    run_due(
        endpoints,
        replace(stores, mailer=mailer, analyst_mailing=off),
        "send_to_analysts",
    )

    assert (mailbox.emails, desk.listed().waiting) == ([], 2)
