"""What the commands web and worker do; `dashboard.__main__` names them."""

from dashboard import wiring
from dashboard.web.log import json_log
from dashboard.web.public_address import letterhead_of, public_address
from dashboard.web.startup_checks import require_file_keys, require_safe_mongo
from db.settings import Settings
from services.messaging import mail
from services.people import sessions


def web(settings: Settings) -> None:
    """Serve pages and API until SIGTERM; raises CannotServe."""
    from dashboard.web import server  # noqa: PLC0415 (brings Streamlit along)

    json_log.configure()
    server.run(settings)


def worker(settings: Settings) -> None:
    """Do the background's work until SIGTERM."""
    # They bring procrastinate along.
    from jobs.cluster import planned_operations  # noqa: PLC0415
    from jobs.worker import worker as working  # noqa: PLC0415
    from jobs.worker.tasks import Stores  # noqa: PLC0415

    json_log.configure()
    require_file_keys(settings)
    require_safe_mongo(settings)
    wired = wiring.connect(settings)
    stores = Stores(
        wired.database,
        wired.files,
        wired.audit,
        wired.seal_keys,
        sessions.limits_of(settings),
        mail.mailer_of(settings),
        public_address(settings),
        wired.examiner,
        settings.ocr_languages,
        wired.scanner,
        letterhead_of(settings),
        wiring.calendar(settings),
    )
    try:
        with planned_operations.making_planned(wired.operator):
            working.run(stores, wired.lookout.observer, wired.audit_spool)
    finally:
        wired.close()
