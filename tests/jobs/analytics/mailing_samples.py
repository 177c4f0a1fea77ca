"""A clinic whose analyst has dashboards and lists sent by e-mail."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM, Database
from jobs.analytics.mailing import AnalystMailing, send
from services.analytics import subscriptions
from services.analytics.subscriptions import Frequency, MailSender, SendingPlan
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.documents.forms import Clinic

# A Monday, an hour after what is sent on Mondays is due.
NOW: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)
MONDAYS: Final = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)
PAPERS: Final = AnalystMailing(
    Clinic("Harbour Clinic", "1 High Street", ""),
    MailSender("Harbour Clinic", "https://clinic.example"),
    5,
    lambda: NOW,
)


@dataclass(kw_only=True)
class MailingClinic:
    """A clinic whose analyst has something sent to a colleague and themselves."""

    database: Database
    analyst: Actor
    colleague: Actor
    papers: AnalystMailing = PAPERS

    def write(self, operation: Any) -> Any:
        """Run an operation as the system, and return its result."""
        return self.database.write(operation, identity=SYSTEM).value

    def act(self, operation: Any) -> Any:
        """Run an operation as the analyst, by PostgreSQL's rules; return its result."""
        return ActorDatabase(self.database, self.analyst).write(operation).value

    def run(self, mailer: Any = None, *, weeks: int = 0) -> None:
        """Make and send what is due, this many weeks later."""
        now = NOW + timedelta(weeks=weeks)
        replace(self.papers, now=lambda: now).run_due(self.database)
        if mailer is not None:
            send(self.database, mailer, self.papers)

    def listed(self) -> subscriptions.Subscription:
        """Return the one subscription as its owner sees it."""
        [subscription] = self.act(
            lambda s: subscriptions.list_subscriptions(s, self.analyst)
        )
        return subscription

    def events(self, action: str) -> list[AuditEvent]:
        """Return the audit events of an action."""
        wanted = select(AuditEvent).where(AuditEvent.action == action)
        return self.write(
            lambda s: s.scalars(wanted.order_by(AuditEvent.position)).all()
        )
