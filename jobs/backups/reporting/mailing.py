"""Makes the report on the previous month, and sends it to each administrator once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database
from jobs.backups.reporting.report_mails import (
    ReportMails,
    note_report_mails,
    read_report_mails,
)
from services.backups import reports
from services.backups.reports import (
    BackupReport,
    ReportPeriod,
    ReportRecipient,
    ReportSources,
)
from services.core.actors import KEEPER
from services.documents.forms import Clinic, Wording
from services.messaging.mail import Mailer, is_taken

# Not at night, when a telephone might ring.
_FROM: Final = timedelta(hours=6)
# A mail server that is away is left alone for an hour.
_MOST_FAILURES: Final = 3


@dataclass(frozen=True, slots=True)
class ReportMailing:
    """How the report is made and sent; `now` is by the clinic's clock.

    `sources` collects the data that are not in rows, or returns None if there was never
    a backup. `wording` returns the texts of papers in a person's language, or in the
    clinic's where that is not known; `explain` translates failures into the language of
    a paper.
    """

    clinic: Clinic
    address: str
    data: Path
    now: Callable[[], datetime]
    sources: Callable[[datetime], ReportSources | None]
    wording: Callable[[str | None], Wording]
    explain: Callable[[Wording], Callable[[str], str]]

    def run(self, database: Database, mailer: Mailer) -> int:
        """Send the report to all who have not got it yet; return how many got it.

        Raises DatabaseUnavailable and OSError: the rest is sent an hour later.
        """
        now = self.now()
        period = ReportPeriod.month_before(now)
        if now < period.until + _FROM:
            return 0
        mails = read_report_mails(self.data, period.first)
        listed = partial(reports.list_recipients, reported=period)
        people = database.read_latest(listed, identity=SYSTEM).value
        # People whose address was refused come last: a few of those end each hour's
        # try.
        due = sorted(
            (each for each in people if mails.is_due(each.id)),
            key=lambda each: mails.refused.get(each.id, 0),
        )
        sources = self.sources(now) if due else None
        if sources is None:
            return 0
        languages = {each.language for each in due}

        def make(session: Session) -> tuple[BackupReport, dict[str, bytes]]:
            report = reports.gather_report(session, KEEPER, period, sources)
            # The event that somebody took the report is true once its papers exist.
            return report, self._papers(report, now, languages)

        report, papers = database.write(make, identity=SYSTEM).value
        return _Sending(self, database, mailer, report, papers, mails).send(due)

    def _papers(
        self, report: BackupReport, now: datetime, languages: Iterable[str | None]
    ) -> dict[str, bytes]:
        """Return the report as a paper in each of these languages."""
        papers: dict[str, bytes] = {}
        for wording in map(self.wording, languages):
            if wording.language not in papers:
                papers[wording.language] = reports.report_pdf(
                    report,
                    clinic=self.clinic,
                    now=now,
                    wording=wording,
                    explain=self.explain(wording),
                )
        return papers


@dataclass(slots=True)
class _Sending:
    """The report being sent; `mails` records what was sent so far.

    `papers` are by language.
    """

    mailing: ReportMailing
    database: Database
    mailer: Mailer
    report: BackupReport
    papers: Mapping[str, bytes]
    mails: ReportMails

    def send(self, people: list[ReportRecipient]) -> int:
        """Send it to these people, until too many e-mails were refused."""
        sent = failures = 0
        for person in people:
            is_sent = self._send(person)
            sent, failures = sent + is_sent, failures + (not is_sent)
            if failures == _MOST_FAILURES:
                break
        return sent

    def _send(self, person: ReportRecipient) -> bool:
        wording = self.mailing.wording(person.language)
        email = reports.report_email(
            self.report,
            person.address,
            self.papers[wording.language],
            clinic=self.mailing.clinic.name,
            address=self.mailing.address,
            wording=wording,
        )
        # Recorded before it is sent. A worker that dies in between sends one too few,
        # which anybody can make on the page; and on a full disk nobody gets one every
        # hour.
        self._note(self.mails.with_sent(person.id))
        is_sent = is_taken(self.mailer, email)
        if not is_sent:
            self._note(self.mails.with_refused(person.id))
        record = partial(
            reports.record_mail,
            reported=self.report.period,
            person=person.id,
            is_sent=is_sent,
        )
        self.database.write(record, identity=SYSTEM)
        return is_sent

    def _note(self, mails: ReportMails) -> None:
        note_report_mails(self.mailing.data, mails)
        self.mails = mails
