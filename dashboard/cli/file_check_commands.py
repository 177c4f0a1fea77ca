"""What the command check-files does."""

from collections.abc import Iterator

from dashboard import wiring
from dashboard.web.startup_checks import require_file_keys
from db.settings import Settings
from jobs.documents import integrity
from jobs.documents.integrity import Report
from services.documents.integrity.checking import NothingVerifies


def check(settings: Settings) -> Report:
    """Read every file, and mark what is not what its row says.

    Raises FileStoreUnavailable, UnusableFileKeys and CannotServe.
    """
    require_file_keys(settings)
    with wiring.attached(settings) as wired:
        try:
            report = integrity.check_all(wired.database, wired.files)
        except NothingVerifies as error:
            return Report(stopped=str(error))
        integrity.explain_false_alarms(wired.database, wired.audit)
        return report


def told(report: Report) -> Iterator[str]:
    """Yield the findings in words, by ids and never by name."""
    for finding in report.bad:
        yield f"{finding.named.words}: {finding.state}"
    if report.stopped:
        yield report.stopped
    elif report.bad:
        yield f"Files checked: {report.checked}; not whole: {len(report.bad)}."
    else:
        yield f"Files checked: {report.checked}; all are whole."
