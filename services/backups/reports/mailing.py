"""The report on the previous month, as an e-mail to each administrator.

For the background: it is the same report as on the page, without any patient's data.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.backups.reports.gathering import BackupReport, ReportPeriod
from services.core import audit
from services.core.actors import KEEPER, Role
from services.core.audit import Action
from services.messaging.mail import Email, PdfAttachment


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
    report: BackupReport, to: str, paper: bytes, *, clinic: str, address: str
) -> Email:
    """Return the e-mail with a month's report for one of the administrators."""
    period = report.period
    month = f"{period.first:%B %Y}"
    proven, failed = len(report.proofs), len(report.failures)
    text = (
        f"The report on backups and restores of {month} is attached as a PDF, for "
        "whoever audits the clinic. It names no patient.\n\n"
        f"Restores that were proven in {month}: {proven}. Restores that were tried "
        f"and proved nothing: {failed}.\n\n"
        f"{address}/backups\n\n"
        "Every administrator gets it at the beginning of a month, while "
        "CHARTROOM_BACKUP_REPORT_BY_MAIL is set. On the page Backups it is made of "
        "any other days.\n"
    )
    return Email(
        to,
        f"{clinic}: backups and restores of {month}",
        text,
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
