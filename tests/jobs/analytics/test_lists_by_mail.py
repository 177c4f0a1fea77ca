"""Saved views and cohorts are counted as on their owner's page, and sent as a PDF."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from dashboard.ui.language.papers import wording_in
from dashboard.web.languages import list_in_words
from db.models.care import DisclosedGroup
from db.models.user import User
from db.models.view import AnalystMail, DashboardSubscription, SavedView
from jobs.analytics.mailing import send
from services.analytics import cohorts, figures, subscriptions
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
)
from services.analytics.dashboards.storing import UnreadableDashboard, read_filter
from services.analytics.figures import Figure
from services.analytics.subscriptions import (
    StopReason,
    SubscriptionDraft,
)
from services.analytics.subscriptions.contents import SavedList
from services.core.actors import Actor, Role
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.lists.statements import ListTimeout
from services.patients import search
from services.patients.records.model import Sex
from services.patients.search.fields import PATIENTS
from tests.jobs.analytics.mailing_samples import MONDAYS, NOW, MailingClinic
from tests.jobs.analytics.test_dashboards_by_mail import attached
from tests.kit import cast
from tests.kit.mailbox import Mailbox
from tests.kit.replicas import write_everywhere
from tests.services.visits import visit_samples

CAME = CohortEvent(kind=EventKind.VISIT)
WORD = "Hypertension"
# Eleven women and two men came, of eleven women and ten men.
BY_SEX = Figure(cohort=Cohort(entry=CAME), by=(Dimension.SEX,))
NEVER_CAME_BACK = Cohort(entry=CAME, steps=((Rule(event=CAME, times=2),),))


def of_sex(sex: Sex, year: int = 1900) -> Criteria:
    """Return the list of women or men born after a year."""
    return Criteria(
        where=Group(
            members=(
                Filter("sex", Operator.EQUAL, sex.value),
                Filter("birth_year", Operator.GREATER_THAN, str(year)),
            )
        )
    )


@dataclass(kw_only=True)
class House(MailingClinic):
    """A clinic whose analyst saves lists and has them sent to two people."""

    def send_list(self, question: Criteria | Cohort | Figure | dict[str, Any]) -> UUID:
        """Save a question under a name that contains a diagnosis, and have it sent.

        A dictionary is a cohort or figure as a newer version stores it.
        """
        return self.act(partial(self._send_list, question=question))

    def _send_list(self, session: Any, question: Any) -> UUID:
        analyst, subject = self.analyst, COHORTS
        if isinstance(question, Criteria):
            subject = PATIENTS
            key = views.store_criteria(session, analyst, question, subject=PATIENTS)
        elif isinstance(question, Figure):
            key = figures.remember(session, analyst, question)
        elif isinstance(question, Cohort):
            key = cohorts.remember(session, analyst, question)
        else:
            key = views.store(session, analyst, question, subject=COHORTS)
        saved = views.save_view(session, analyst, WORD, key, subject=subject)
        draft = SubscriptionDraft(
            content=SavedList(saved.id),
            recipients=(analyst.id, self.colleague.id),
            plan=MONDAYS,
        )
        before = NOW - timedelta(days=3)
        return subscriptions.create(session, analyst, draft, now=before, most=5)


@pytest.fixture
def house(database) -> House:
    """Eleven women and two men have come, of eleven and ten."""
    analyst, colleague = write_everywhere(database, _prepare)
    return House(database=database, analyst=analyst, colleague=colleague)


def _prepare(session: Any) -> tuple[Actor, Actor]:
    doctor = cast.add_doctor(session).id
    for number in range(21):
        sex = Sex.FEMALE if number < 11 else Sex.MALE
        born = date(1950 if number % 2 else 1985, 1, 1)
        patient = cast.add_patient(
            session, cast.invent_patient(sex=sex, date_of_birth=born)
        )
        if number < 13:
            at = datetime(2026, 3, 4, 9, tzinfo=UTC) + timedelta(hours=number)
            visit_samples.visit(session, doctor, patient.id, at, status="completed")
    return cast.add_actor(session, cast.ANA), cast.add_actor(session, Role.ANALYST)


def paper_of(mailbox: Mailbox) -> str:
    """Return the text of the first PDF."""
    return attached(mailbox.emails[0])[1]


def test_a_saved_view_is_sent_as_numbers_with_criteria_day_and_whose_right(
    house, mailbox, mailer
):
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    assert len(mailbox.emails) == 2
    name, paper = attached(mailbox.emails[0])
    assert name == "list-2026-11-30.pdf"
    for each in (
        WORD,
        "30 November 2026, 08:00, times in UTC",
        "Patients whose sex is female and born after 1900",
        f"In the name of {house.analyst.name}",
        "How many there are Patients 11",
        "Sexes Patients Female 11",
        "Ages Patients 40–49 6 70–79 5",
    ):
        assert each in paper, paper
    assert (house.listed().sent, house.listed().name) == (2, WORD)


def test_no_mail_says_what_the_list_is_called_or_asks_for(house, mailbox, mailer):
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    email = mailbox.emails[0]
    assert email["Subject"] == "Harbour Clinic: a saved list of 30 November 2026"
    said = email.get_body().get_content()
    key = house.write(lambda s: s.scalars(select(SavedView.criteria_key)).one())
    assert f"https://clinic.example/patients?list={key}" in said
    for word in (WORD, "female", "sex", "11"):
        assert word not in said.replace("30 November", "").replace(key, "")


def test_a_view_of_few_is_told_as_few_and_of_nothing_more(house, mailbox, mailer):
    house.send_list(of_sex(Sex.OTHER))

    house.run(mailer)

    paper = paper_of(mailbox)
    assert "How many there are Patients Fewer than 5" in paper
    assert "Ages" not in paper
    assert "Sexes" not in paper


def test_ages_that_are_told_again_are_not_said_to_be_of_today(house, mailbox, mailer):
    house.send_list(of_sex(Sex.FEMALE))
    house.run(mailer)
    # Six women were added, three of whom are as old as those before.
    born = [date(year, 1, 1) for year in (1985, 1985, 1985, 2015, 2015, 2015)]
    drafts = [cast.invent_patient(sex=Sex.FEMALE, date_of_birth=day) for day in born]
    write_everywhere(
        house.database, lambda s: [cast.add_patient(s, draft) for draft in drafts]
    )

    house.run(mailer, weeks=1)

    paper = attached(mailbox.emails[2])[1]
    assert "How many there are Patients 17" in paper, paper
    assert "Ages Patients 40–49 6 70–79 5 Counted earlier" in paper, paper
    assert "Sexes Patients Female 17 Counted 7 December 2026" in paper, paper


@pytest.mark.parametrize(
    "slow",
    [("find_group", "How many there are"), ("find_bars", "Who they are")],
)
def test_a_list_that_takes_too_long_says_so_and_is_due_no_more(
    house, mailbox, mailer, monkeypatch, slow
):
    search_for, title = slow

    def take_too_long(*_: object, **__: object) -> None:
        raise ListTimeout

    monkeypatch.setattr(search, search_for, take_too_long)
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    paper = paper_of(mailbox)
    assert f"{title} This list takes too long to load" in paper, paper
    assert "Patients whose sex is female" in paper
    assert (house.listed().sent, house.listed().ran_at) == (2, NOW)


@pytest.mark.parametrize(
    "women", [Cohort(entry=CAME, sexes=(Sex.FEMALE,)), of_sex(Sex.FEMALE)]
)
def test_what_is_sent_is_held_against_what_was_told_before(
    house, mailbox, mailer, women
):
    def tell_cohort(session):
        given = {"now": NOW, "smallest_group": 5}
        counted = cohorts.count(session, house.analyst, Cohort(entry=CAME), **given)
        return cohorts.disclose(session, house.analyst, counted)

    # Thirteen came, two of them men, whom the count of eleven women would reveal.
    house.act(tell_cohort)
    house.send_list(women)

    house.run(mailer)

    paper = paper_of(mailbox)
    assert "These counts are suppressed" in paper
    assert "Patients 11" not in paper
    assert "Visit 11" not in paper


def test_what_was_sent_counts_for_who_asks_later(house, mailbox, mailer):
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    groups = house.write(lambda s: s.scalars(select(DisclosedGroup.size)).all())
    assert 11 in groups


def test_a_saved_cohort_is_its_attrition(house, mailbox, mailer):
    house.send_list(NEVER_CAME_BACK)

    house.run(mailer)

    paper = paper_of(mailbox)
    assert "How many remain Step Patients Visit 13" in paper
    assert "Fewer than 5" in paper
    said = mailbox.emails[0].get_body().get_content()
    assert "https://clinic.example/cohorts?list=" in said


def test_a_saved_figure_is_its_attrition_and_its_chart(house, mailbox, mailer):
    house.send_list(BY_SEX)

    house.run(mailer)

    paper = paper_of(mailbox)
    assert "How many remain Step Patients Visit 13" in paper
    assert "By sex" in paper
    assert "patients who remain, by sex" in paper


def test_each_reads_it_in_their_language_and_it_is_counted_once(house, mailbox, mailer):
    german = update(User).where(User.id == house.colleague.id).values(language="de")
    house.write(lambda s: s.execute(german))
    house.papers = replace(
        house.papers,
        wording=partial(wording_in, usual="en"),
        criteria=list_in_words,
    )
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    papers = {email["To"]: attached(email)[1] for email in mailbox.emails}
    assert "How many there are" in papers.pop(cast.ANA.email)
    [other] = papers.values()
    for each in (
        "Wie viele es sind Patienten 11",
        "Geschlecht Patienten Weiblich 11",
        "Geschlecht ist",
        "Im Namen von",
    ):
        assert each in other, other
    # The number, and of which kind each is.
    counted = house.events("patient:count")
    assert [event.details.get("figures", False) for event in counted] == [False, True]


def test_a_view_that_was_deleted_is_sent_no_longer_and_all_are_told(
    house, mailbox, mailer
):
    house.send_list(of_sex(Sex.FEMALE))
    saved = house.listed().content.view_id
    house.act(lambda s: views.delete_view(s, house.analyst, saved))

    house.run(mailer)

    assert mailbox.emails == []
    listed = house.listed()
    assert (listed.stopped_because, listed.is_deleted) == (StopReason.DASHBOARD, True)


def test_what_waits_of_a_view_that_was_deleted_is_not_sent(house, mailbox, mailer):
    house.send_list(of_sex(Sex.FEMALE))
    house.run()
    saved = house.listed().content.view_id
    house.act(lambda s: views.delete_view(s, house.analyst, saved))

    send(house.database, mailer, house.papers)

    assert mailbox.emails == []
    assert house.write(lambda s: s.scalar(select(func.count(AnalystMail.id)))) == 0


@pytest.mark.parametrize("values", [{"deactivated_at": NOW}, {"role": "staff"}])
def test_the_owners_right_is_looked_at_again_when_a_mail_is_sent(
    house, mailbox, mailer, values
):
    house.send_list(of_sex(Sex.FEMALE))
    house.run()
    changed = update(User).where(User.id == house.analyst.id).values(values)
    house.write(lambda s: s.execute(changed))

    send(house.database, mailer, house.papers)
    house.run(mailer, weeks=1)

    assert mailbox.emails == []
    row = house.write(lambda s: s.scalars(select(DashboardSubscription)).one())
    assert row.stopped_because == StopReason.OWNER.value


def test_whoever_leaves_is_sent_it_no_more_and_others_are(house, mailbox, mailer):
    made = house.send_list(of_sex(Sex.FEMALE))
    house.run()
    house.write(lambda s: subscriptions.leave(s, house.colleague, made))

    send(house.database, mailer, house.papers)
    house.run(mailer, weeks=1)

    assert {email["To"] for email in mailbox.emails} == {cast.ANA.email}


@pytest.mark.parametrize(
    "kept",
    [
        cohorts.to_json(NEVER_CAME_BACK) | {"blood_group": "0"},
        figures.to_json(BY_SEX) | {"of": {"kind": "visit", "blood_group": "0"}},
        figures.to_json(BY_SEX) | {"by": ["blood group"]},
    ],
)
def test_what_a_newer_version_has_saved_waits_for_it_and_nothing_behind_it_does(
    house, mailbox, mailer, kept
):
    left = house.send_list(kept)
    house.send_list(of_sex(Sex.FEMALE))

    house.run(mailer)

    assert len(mailbox.emails) == 2
    assert "Patients whose sex is female" in paper_of(mailbox)
    row = house.write(lambda s: s.get_one(DashboardSubscription, left))
    assert row.next_at < NOW
    assert (row.ran_at, row.stopped_because) == (None, None)


def test_a_worker_of_the_version_before_leaves_a_list_to_the_next(house):
    house.send_list(of_sex(Sex.FEMALE))

    kept = house.write(lambda s: s.scalars(select(DashboardSubscription.shown)).one())

    with pytest.raises(UnreadableDashboard):
        read_filter(kept)
