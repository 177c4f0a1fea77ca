"""The report on backups for an auditor: by a command, and by mail each month."""

import contextlib
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose, require_new, write_new
from services.core.actors import CONSOLE, KEEPER

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.settings import Settings
    from jobs.backups.reporting.mailing import ReportMailing
    from services.backups.reports import ReportPeriod, ReportSources
    from services.core.actors import Actor
    from services.documents.forms import Wording

group = typer.Typer()


@group.command()
def backup_report(
    month: Annotated[
        str | None,
        typer.Option(help="The month, such as 2026-10; last month by default."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The PDF to write; named after its days by default."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="en or de; the clinic's by default.")
    ] = None,
    data: Data = None,
) -> None:
    """Write an auditor's report: what was restored in a month, what is not proven.

    It is the PDF of the page Backups, without names or data of patients.
    """
    with explain_errors():
        settings = choose(data=data)
        _require_embedded(settings)
        period = _period_of(month, datetime.now(ZoneInfo(settings.timezone)))
        path = out or Path(period.filename)
        require_new(path)
        _require_spoken(language)
        sentence = write_report(settings, period, path, language)
    typer.echo(sentence)


def write_report(
    settings: "Settings", period: "ReportPeriod", path: Path, language: str | None
) -> str:
    """Make a report of a period; return a sentence on it.

    Raises CannotBackUp, and NotRunning: who made a report is recorded in the clinic.
    """
    from dashboard import wiring
    from dashboard.ui.language.papers import wording_in
    from dashboard.web.languages import failure_translator
    from db.postgres import SYSTEM
    from services.backups import reports

    now = datetime.now(ZoneInfo(settings.timezone))
    with contextlib.closing(wiring.connect(settings)) as wired:
        sources = sources_of(wired, CONSOLE, now)
        if sources is None:
            from db.backups.backup_errors import CannotBackUp

            raise CannotBackUp(
                f"There is no backup in {settings.backups}, so there is nothing to "
                "report."
            )
        gather = partial(
            reports.gather_report, actor=CONSOLE, reported=period, sources=sources
        )
        report = wired.database.write(gather, identity=SYSTEM).value
    wording = wording_in(language, settings.language)
    paper = reports.report_pdf(
        report,
        clinic=wiring.letterhead(settings),
        now=now,
        wording=wording,
        explain=failure_translator(wording),
    )
    write_new(path, paper, of="The report")
    proven, failed = len(report.proofs), len(report.failures)
    return (
        f"{path} reports on {period.first} to {period.last}. Restores that were "
        f"proven: {proven}; attempts that proved nothing: {failed}."
    )


def sources_of(
    wired: "Wiring", actor: "Actor", now: datetime
) -> "ReportSources | None":
    """Return a report's sources beside rows; None if nothing was backed up yet."""
    from dashboard import wiring
    from services.backups import reports

    settings, repository = wired.settings, wired.backups
    if repository.system_id is None:
        return None
    keys, key_files = wired.file_keys, wiring.key_files(settings)
    return reports.read_sources(
        actor, settings, repository, keys=keys, key_files=key_files, now=now
    )


def report_mailing_of(wired: "Wiring") -> "ReportMailing | None":
    """Return the mailing of last month's report on backups; None if not wanted."""
    settings = wired.settings
    if not (settings.is_embedded and settings.backup_report_by_mail):
        return None
    from dashboard import wiring
    from dashboard.web.public_address import public_address
    from jobs.backups.reporting.mailing import ReportMailing

    def wording(language: str | None) -> "Wording":
        # The catalogues come with all the code that draws pages.
        from dashboard.ui.language.papers import wording_in

        return wording_in(language, settings.language)

    def explain(wording: "Wording") -> Callable[[str], str]:
        from dashboard.web.languages import failure_translator

        return failure_translator(wording)

    return ReportMailing(
        wiring.letterhead(settings),
        public_address(settings),
        settings.data,
        lambda: datetime.now(ZoneInfo(settings.timezone)),
        partial(sources_of, wired, KEEPER),
        wording,
        explain,
    )


def _period_of(month: str | None, now: datetime) -> "ReportPeriod":
    """Return a month's period; raises CannotBackUp, and NotAPeriod before it begins."""
    from db.backups.backup_errors import CannotBackUp
    from services.backups.reports import ReportPeriod

    if month is None:
        return ReportPeriod.month_before(now)
    try:
        day = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise CannotBackUp(f"{month} is not a month: write it like 2026-10.") from error
    return ReportPeriod.month(day, now=now)


def _require_embedded(settings: "Settings") -> None:
    from db.backups.backup_errors import CannotBackUp

    if not settings.is_embedded:
        raise CannotBackUp(
            "Chartroom only backs up servers that it starts itself, and reports on "
            "those backups. For your own servers, ask their tools."
        )


def _require_spoken(language: str | None) -> None:
    from db.backups.backup_errors import CannotBackUp
    from services.core.actors import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise CannotBackUp(
            f"There is no report in {language}: choose one of {', '.join(LANGUAGES)}."
        )
