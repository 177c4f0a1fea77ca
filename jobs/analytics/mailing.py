"""Makes the papers of subscriptions: counts their content in the owner's name."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.analytics.counting import SECONDS, count_figure, each_due
from jobs.analytics.saved_lists import ListCounting, Question
from jobs.worker.mail_sending import send_waiting
from services.analytics import dashboards, subscriptions
from services.analytics.cohorts.wording import cohort_phrase
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    PrintedCard,
    narrow_card,
)
from services.analytics.dashboards.printed_lists import list_pdf
from services.analytics.figures import Figure
from services.analytics.figures.wording import figure_phrase
from services.analytics.subscriptions import (
    DueSubscription,
    MailSender,
    list_cards,
)
from services.analytics.subscriptions.contents import SavedQuestion
from services.core.actor_database import ActorDatabase
from services.core.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from services.documents.forms import ENGLISH, Clinic, Wording
from services.lists.criteria import Criteria, sentence
from services.messaging.mail import Mailer
from services.patients.search.fields import FIELDS

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnalystMailing:
    """How papers are counted and laid out; `now` is by the clinic's clock.

    What a clinic has switched off stays due. `wording` returns the texts of papers in a
    person's language, or in the clinic's where that is not known; `criteria` describes
    the criteria of a list in a language.
    """

    clinic: Clinic
    sender: MailSender
    smallest_group: int
    now: Callable[[], datetime]
    sends_dashboards: bool = True
    watches_counts: bool = True
    wording: Callable[[str | None], Wording] = lambda _: ENGLISH
    criteria: Callable[[str, Criteria], str] = lambda _, criteria: sentence(
        criteria, FIELDS, None
    )

    def run_due(self, database: Database) -> int:
        """Make what is due until time is up; return how many were made.

        Raises DatabaseUnavailable, Unavailable: what is left stays due.
        """
        every = each_due(database, subscriptions.find_due, self.now, seconds=SECONDS)
        return sum(self._run(database, due) for due in every)

    def _run(self, database: Database, due: DueSubscription) -> bool:
        if due.stop is not None:
            database.write(
                lambda session: subscriptions.stop_due(session, due), identity=SYSTEM
            )
            return False
        try:
            papers = self._make_pdfs(database, due)
        except (DatabaseUnavailable, Unavailable):
            raise
        except Exception as error:
            # Only the kind of error: its message may quote what somebody typed. Others
            # are due behind it.
            _log.error(
                "A subscription could not be prepared: %s.", type(error).__name__
            )
            note = partial(subscriptions.fail, due=due, now=self.now())
            database.write(note, identity=SYSTEM)
            return False
        write = partial(
            subscriptions.finish,
            due=due,
            papers=papers,
            now=self.now(),
            sender=self.sender,
            wording=self.wording,
        )
        return database.write(write, identity=SYSTEM).value

    def _make_pdfs(self, database: Database, due: DueSubscription) -> dict[UUID, bytes]:
        """Return each recipient's paper, counted once and laid out by language."""
        if due.draft is None or due.owner is None:
            raise ValueError("There is nothing to be made, or nobody to make it for.")
        as_owner = ActorDatabase(database, due.owner)
        if isinstance(due.draft, SavedQuestion):
            make_pdf = self._list(as_owner, due.draft)
        else:
            make_pdf = self._dashboard(as_owner, due.draft, due.filter)
        spoken = {
            each: self.wording(due.languages.get(each)) for each in due.recipients
        }
        set_in = {
            wording.language: make_pdf(wording)
            for wording in {each.language: each for each in spoken.values()}.values()
        }
        return {each: set_in[wording.language] for each, wording in spoken.items()}

    def _dashboard(
        self,
        as_owner: ActorDatabase,
        draft: DashboardDraft,
        dashboard_filter: DashboardFilter,
    ) -> Callable[[Wording], bytes]:
        """Count a dashboard's cards; return what lays them out in a language."""
        now = self.now()
        cards = [
            self._count_card(as_owner, card, dashboard_filter, now)
            for card in draft.cards
        ]
        return lambda wording: dashboards.dashboard_pdf(
            draft, cards, dashboard_filter, clinic=self.clinic, now=now, wording=wording
        )

    def _list(
        self, as_owner: ActorDatabase, saved: SavedQuestion
    ) -> Callable[[Wording], bytes]:
        """Count a saved list or cohort; return what lays it out in a language."""
        now = self.now()
        counting = ListCounting(as_owner, now, self.smallest_group)
        try:
            question = counting.recall(saved)
            cards = counting.cards(question)
        except (NotAllowed, NotFound, InvalidInput) as refusal:
            # It names a field that the clinic no longer has, or names, which the owner
            # may no longer see.
            question, cards = None, [list_cards.refused_card(saved.name, refusal)]

        def make_pdf(wording: Wording) -> bytes:
            return list_pdf(
                saved.name,
                self._question_text(question, wording),
                cards,
                owner=as_owner.actor.name,
                clinic=self.clinic,
                now=now,
                wording=wording,
            )

        return make_pdf

    def _question_text(self, question: Question | None, wording: Wording) -> str:
        if question is None:
            return wording.say("suppressed")
        if isinstance(question, Criteria):
            return self.criteria(wording.language, question)
        said = wording.say(
            figure_phrase(question)
            if isinstance(question, Figure)
            else cohort_phrase(question)
        )
        return f"{said[:1].upper()}{said[1:]}"

    def _count_card(
        self,
        as_owner: ActorDatabase,
        card: Card,
        dashboard_filter: DashboardFilter,
        now: datetime,
    ) -> PrintedCard:
        """Count a card as its page does, checked against earlier counts."""
        try:
            figure = narrow_card(card, dashboard_filter, now.date())
            result = count_figure(
                as_owner, figure, now=now, smallest_group=self.smallest_group
            )
        except (NotAllowed, InvalidInput) as refusal:
            return PrintedCard(card.title, None, refusal.args[0])
        return PrintedCard(card.title, result)


def send(
    database: Database,
    mailer: Mailer,
    mailing: AnalystMailing,
) -> int:
    """Send until none is due, time is up or too many failed; return how many were sent.

    Mails of what the clinic has switched off since they were written wait.
    """
    claim = partial(
        subscriptions.claim_next,
        sends_dashboards=mailing.sends_dashboards,
        watches_counts=mailing.watches_counts,
    )
    return send_waiting(database, mailer, claim, subscriptions.settle, seconds=SECONDS)
