"""The report on the previous month, as an e-mail to each administrator.

For the background: it is the same report as on the page, without any patient's data.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.backups.reports.gathering import BackupReport, ReportPeriod
from services.core import audit
from services.core.actors import KEEPER, Role
from services.core.audit import Action
from services.core.sentences import Sentence
from services.documents.forms import Wording
from services.messaging.mail import Email, PdfAttachment

_WHY: Final = Sentence(
    "Every administrator gets it at the beginning of a month, while "
    "CHARTROOM_BACKUP_REPORT_BY_MAIL is set. On the page Backups it is made of any "
    "other days."
)


@dataclass(frozen=True, slots=True)
class ReportRecipient:
    """An administrator who gets the report, and the language that they read."""

    id: UUID
    address: str
    language: str | None


def list_recipients(
    session: Session, reported: ReportPeriod
) -> tuple[ReportRecipient, ...]:
    """Return the active administrators whose accounts existed within the period.

    Those who came later are not concerned, and find the report on the page.
    """
    rows = session.execute(
        select(User.id, User.email, User.language)
        .where(User.role == Role.ADMIN.value, User.deactivated_at.is_(None))
        .where(User.email.is_not(None), User.created_at < reported.until)
        .order_by(User.id)
    )
    return tuple(ReportRecipient(row.id, row.email, row.language) for row in rows)


def report_email(
    report: BackupReport,
    to: str,
    paper: bytes,
    *,
    clinic: str,
    address: str,
    wording: Wording,
) -> Email:
    """Return the e-mail with a month's report for one of the administrators."""
    period = report.period
    month = wording.long_month(period.first)
    attached = Sentence(
        "The report on backups and restores of {month} is attached as a PDF, for "
        "whoever audits the clinic. It names no patient.",
        month=month,
    )
    counts = Sentence(
        "Restores that were proven in {month}: {proven}. Restores that were tried and "
        "proved nothing: {failed}.",
        month=month,
        proven=len(report.proofs),
        failed=len(report.failures),
    )
    subject = Sentence(
        "{clinic}: backups and restores of {month}", clinic=clinic, month=month
    )
    paragraphs = (
        wording.say(attached),
        wording.say(counts),
        f"{address}/backups",
        wording.say(_WHY),
    )
    return Email(
        to,
        wording.say(subject),
        "\n\n".join(paragraphs) + "\n",
        PdfAttachment(period.filename, paper),
    )


def record_mail(
    session: Session, reported: ReportPeriod, person: UUID, *, is_sent: bool
) -> None:
    """Record that a report was sent to somebody, or refused by the mail server.

    The caller commits.
    """
    audit.record(
        session,
        KEEPER,
        Action.BACKUP_SEND_REPORT,
        outcome="done" if is_sent else "failed",
        details={
            "first": reported.first,
            "last": reported.last,
            "person": str(person),
        },
    )
