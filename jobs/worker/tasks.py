"""The background tasks, and when each of them is due."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy.orm import Session

from db.backups.recovery_kit import KeyFiles
from db.files.gridfs import FileStore
from db.files.seal_keys import SealKeyFile
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from db.postgres.transactions import receipts
from jobs.analytics.mailing import AnalystMailing
from jobs.backups.drills.scheduling import RestoreDriller
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.backups.reporting.mailing import ReportMailing
from jobs.backups.scheduling import BackupScheduler
from jobs.backups.tools.tool_asking import ToolAsker
from jobs.documents import integrity, purge
from jobs.fhir.exporting import BulkExporter
from services.audit import chain
from services.audit.chain import seals
from services.cluster.alerts import WebhookForm
from services.core.sentences import Translate, untranslated
from services.messaging import user_notifications
from services.messaging.mail import Mailer, MailNotSent
from services.patients.care import break_glass_notifications
from services.pdf.inspecting import PdfInspector
from services.pdf.scanning import ClamdScanner
from services.people import connected_systems, patient_apps, sessions
from services.people.sessions import Limits
from services.people.sign_in import ceremonies, codes
from services.visits.front_desk.notifications import SenderDetails
from services.visits.schedule.plans import HORIZON, Calendar

# A write asks for its receipt within seconds; a day leaves room for any outage.
_RECEIPTS_KEPT: Final = timedelta(days=1)
# Codes and challenges are valid for minutes; with an hour more, no clock can matter.
_OVER_KEPT: Final = timedelta(hours=1)
_log = logging.getLogger(__name__)

# Connected by whoever works or defers: see jobs.worker.worker.connected.
queue = App(
    connector=PsycopgConnector(),
    import_paths=[
        "jobs.documents.scanning",
        "jobs.cluster.drills",
        "jobs.documents.encryption",
        "jobs.documents.uploads",
        "jobs.visits.notifications",
        "jobs.visits.scheduling",
        "jobs.visits.holds",
        "jobs.patients.erasure",
        "jobs.fhir.expiring",
        "jobs.analytics.preparing",
        "jobs.analytics.sending",
        "jobs.backups.reporting.sending",
    ],
)


@dataclass(frozen=True, slots=True)
class Stores:
    """The dependencies of all tasks; the worker puts them into the job's context."""

    database: Database
    files: FileStore
    audit: AuditStore
    seal_keys: SealKeyFile
    sign_ins: Limits = sessions.LIMITS
    # Sends e-mail, if configured; and the address that e-mails link to.
    mailer: Mailer | None = None
    address: str = ""
    # Reads PDFs, and scans them for viruses, if configured.
    inspector: PdfInspector | None = None
    scanner: ClamdScanner | None = None
    # What e-mails about visits contain, and whether there are any about documents.
    sender: SenderDetails = SenderDetails()  # noqa: RUF009 (frozen)
    mails_about_documents: bool = True
    # The clock by which doctors work, and how far ahead they can be booked.
    calendar: Calendar = HORIZON
    # The form in which alerts are sent to webhooks.
    webhook_form: WebhookForm = "chartroom"
    # Where web servers report their health, and the availability they should reach.
    health_addresses: tuple[str, ...] = ()
    availability_objective: float = 0.999
    # Makes backups, if the servers are ours to back up.
    backups: BackupScheduler | None = None
    key_files: KeyFiles | None = None
    # Removes what was purged from the backups.
    backup_erasure: BackupErasure | None = None
    # Makes bulk exports, and knows how resources are read.
    exporter: BulkExporter | None = None
    # Makes dashboards that are sent by e-mail, and counts watched counts.
    analyst_mailing: AnalystMailing | None = None
    # Sends the monthly report on backups, if the clinic wants it.
    report_mailing: ReportMailing | None = None
    # Queries the tool that backs up the clinic's own servers.
    backup_tool: ToolAsker | None = None
    # Practises restores with that tool, if it may restore anywhere.
    tool_drills: RestoreDriller | None = None
    # Writes sentences on servers and drills in a reader's language.
    translate: Translate = untranslated

    @classmethod
    def of(cls, context: JobContext) -> "Stores":
        """Return the running worker's stores."""
        stores: Stores = context.additional_context["stores"]
        return stores

    def today(self) -> date:
        """Return today's date by the clinic's clock."""
        return datetime.now(ZoneInfo(self.calendar.zone)).date()

    def send_emails(self, send: Callable[[Session, Mailer, str], object]) -> None:
        """Send e-mail and record that, if a mail server is configured; otherwise later.

        Each message is sent once and not retried here: after a failover the next run
        does it.
        """
        if self.mailer is None:
            return
        with suppress(MailNotSent), self.database.writing(identity=SYSTEM) as session:
            send(session, self.mailer, self.address)


def every(
    cron: str,
    *,
    is_alone: bool = False,
    name: str | None = None,
    aliases: list[str] | None = None,
) -> Callable[[Callable[[Stores], None]], Callable[[Stores], None]]:
    """Make a function a task that is due at these times, and queued once at a time.

    With `is_alone`, no two workers run it at the same time.
    """

    def register(run: Callable[[Stores], None]) -> Callable[[Stores], None]:
        def task(context: JobContext, timestamp: int) -> None:
            del timestamp
            run(Stores.of(context))

        known_as = name or run.__name__
        queue.periodic(cron=cron)(
            queue.task(
                name=known_as,
                aliases=aliases,
                lock=known_as if is_alone else None,
                queueing_lock=known_as,
                pass_context=True,
            )(task)
        )
        return run

    return register


@every(
    "17 * * * *",
    is_alone=True,
    # Queued by the previous version.
    aliases=["sweep_photos"],
)
def sweep_files(stores: Stores) -> None:
    """Remove files that nothing refers to; report rows whose file is missing."""
    purge.sweep(stores.database, stores.files, stores.backup_erasure)


@every("37 * * * *", is_alone=True)
def purge_documents(stores: Stores) -> None:
    """Make tombstones of documents that nobody can restore or must keep any longer."""
    purge.purge(stores.database, stores.files, stores.backup_erasure)


@every("3-53/10 * * * *", is_alone=True)
def check_files(stores: Stores) -> None:
    """Read some files and compare them with their rows: all of them within a week.

    It runs a little every ten minutes, because one worker does everything in turn.
    """
    report = integrity.check_share(stores.database, stores.files)
    integrity.explain_false_alarms(stores.database, stores.audit)
    for finding in report.bad:
        _log.error("Not intact: %s (%s).", finding.named.words, finding.state)


@every("27 * * * *")
def purge_receipts(stores: Stores) -> None:
    """Delete the receipts of writes that were settled long ago."""
    before = datetime.now(UTC) - _RECEIPTS_KEPT
    stores.database.write(
        lambda session: receipts.forget(session, before), identity=SYSTEM
    )


@every("7 * * * *")
def seal_audit_log(stores: Stores) -> None:
    """Sign the end of the audit log's chain once a day; fails if it is not whole.

    It runs every hour, for a worker that was not running at midnight.
    """
    is_due = stores.database.read_latest(seals.is_due, identity=SYSTEM)
    if not is_due.value:
        return
    keys = stores.seal_keys.read_or_make()
    try:
        seal = chain.seal(stores.database, stores.audit, keys)
    except chain.ChainBroken as broken:
        _log.error("The audit log is not sealed: %s", str(broken))
        raise
    # In the log as well, which is stored elsewhere: so a seal cannot vanish unnoticed.
    _log.info(
        "Sealed the audit log up to entry %d: hash %s, signature %s of key %s.",
        seal.link.sequence,
        seal.link.hash.hex(),
        seal.signature.hex(),
        seal.key_id,
    )


@every("*/5 * * * *")
def tidy_sign_ins(stores: Stores) -> None:
    """Record which sign-ins have ended; delete those that are no longer needed."""
    over = datetime.now(UTC) - _OVER_KEPT

    def tidy(session: Session) -> None:
        # People who were active while nobody could record it do not count as silent.
        gap_seconds = stores.database.gap_seconds()
        sessions.expire(session, limits=stores.sign_ins.without(gap_seconds))
        sessions.forget(session)
        codes.forget(session, over)
        ceremonies.forget(session, over)
        connected_systems.forget(session, over)
        patient_apps.forget(session, over)
        user_notifications.forget(session)

    stores.database.write(tidy, identity=SYSTEM)


@every("* * * * *")
def tell_administrators(stores: Stores) -> None:
    """Write to administrators about records opened outside a clinician's patients."""
    stores.send_emails(
        partial(
            break_glass_notifications.notify_administrators,
            usual_language=stores.sender.language,
        )
    )


@queue.periodic(cron="47 3 * * *")
@queue.task(name="purge_jobs", queueing_lock="purge_jobs", pass_context=True)
async def purge_jobs(context: JobContext, timestamp: int) -> None:
    """Delete the queue's own records of jobs that ended a week ago."""
    del timestamp
    await context.app.job_manager.delete_old_jobs(
        nb_hours=24 * 7, include_failed=True, include_cancelled=True
    )


@queue.periodic(cron="* * * * *")
@queue.task(name="retry_stalled", queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that died, or lost the primary, to another one."""
    del timestamp
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)
