"""Makes the dashboards that are to be sent: counts their cards, in the owner's name."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.analytics.counting import SECONDS, count_and_tell, each_due
from jobs.worker.mail_sending import send_waiting
from services.analytics import dashboards, figures, subscriptions
from services.analytics.dashboards import Card, PrintedCard, narrow_card
from services.analytics.subscriptions import DueSubscription, MailSender
from services.core.errors import InvalidInput, NotAllowed, Unavailable
from services.core.on_behalf import ActorDatabase
from services.documents.forms import ENGLISH, Clinic, Wording
from services.messaging.mail import Mailer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnalystMailing:
    """How dashboards are counted and set; `now` is by the clinic's clock.

    What a clinic has switched off stays due. `wording` has what papers say in a
    person's language, or, of none that is known, in the clinic's.
    """

    clinic: Clinic
    sender: MailSender
    smallest_group: int
    now: Callable[[], datetime]
    sends_dashboards: bool = True
    watches_counts: bool = True
    wording: Callable[[str | None], Wording] = lambda _: ENGLISH

    def run_due(self, database: Database, *, seconds: float = SECONDS) -> int:
        """Make what is due until time is up; return how many were made.

        Raises DatabaseUnavailable, Unavailable: what is left stays due.
        """
        every = each_due(database, subscriptions.find_due, self.now, seconds=seconds)
        return sum(self._run(database, due) for due in every)

    def _run(self, database: Database, due: DueSubscription) -> bool:
        if due.stop is not None:
            database.write(
                lambda session: subscriptions.stop_due(session, due), identity=SYSTEM
            )
            return False
        try:
            papers = self._papers(database, due)
        except (DatabaseUnavailable, Unavailable):
            raise
        except Exception as error:
            # The message may quote what somebody typed; its kind says enough. Others
            # are due behind it.
            _log.error("A dashboard could not be made: %s.", type(error).__name__)
            note = partial(subscriptions.fail, due=due, now=self.now())
            database.write(note, identity=SYSTEM)
            return False
        write = partial(
            subscriptions.finish,
            due=due,
            papers=papers,
            now=self.now(),
            sender=self.sender,
        )
        return database.write(write, identity=SYSTEM).value

    def _papers(self, database: Database, due: DueSubscription) -> dict[UUID, bytes]:
        """Return each recipient's paper; it is counted once, and set by language."""
        if due.draft is None or due.owner is None:
            raise ValueError("There is nothing to be made, or nobody to make it for.")
        as_owner = ActorDatabase(database, due.owner)
        now = self.now()
        cards = [self._printed(as_owner, card, due, now) for card in due.draft.cards]
        spoken = {
            each: self.wording(due.languages.get(each)) for each in due.recipients
        }
        set_in = {
            wording.language: dashboards.dashboard_pdf(
                due.draft,
                cards,
                due.shown,
                clinic=self.clinic,
                now=now,
                wording=wording,
            )
            for wording in {each.language: each for each in spoken.values()}.values()
        }
        return {each: set_in[wording.language] for each, wording in spoken.items()}

    def _printed(
        self, as_owner: ActorDatabase, card: Card, due: DueSubscription, now: datetime
    ) -> PrintedCard:
        """Count a card as its page does: on a replica, and held against the log."""
        owner, least = as_owner.actor, self.smallest_group
        try:
            figure = narrow_card(card, due.shown, now.date())
            told = count_and_tell(
                as_owner,
                lambda session: figures.count(
                    session, owner, figure, now=now, smallest_group=least
                ),
            )
        except (NotAllowed, InvalidInput) as refusal:
            return PrintedCard(card.title, None, refusal.args[0])
        return PrintedCard(card.title, told)


def send(
    database: Database,
    mailer: Mailer,
    mailing: AnalystMailing,
    *,
    seconds: float = SECONDS,
) -> int:
    """Send until none is due, time is up or too many failed; return how many went.

    Mails of what the clinic has switched off since they were written wait.
    """
    claim = partial(
        subscriptions.claim_next,
        sends_dashboards=mailing.sends_dashboards,
        watches_counts=mailing.watches_counts,
    )
    return send_waiting(database, mailer, claim, subscriptions.settle, seconds=seconds)
