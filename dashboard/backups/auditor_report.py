"""Makes a report on backups and restores for an auditor, on a month or any days."""

from contextlib import suppress

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.language.papers import wording_of_page
from services.backups import BackupFolderSilent, reports
from services.backups.reports import ReportPeriod


def show_auditor_report() -> None:
    """Offer a report as a PDF; raises the services' refusals."""
    wired = wiring.current()
    if not wired.settings.is_embedded:
        return
    is_there = False
    # The overview reports a folder that does not answer.
    with suppress(BackupFolderSilent):
        is_there = wired.backup_reader.ask(lambda each: each.system_id is not None)
    if not is_there:
        return
    st.subheader(_("Report for auditors"), anchor=False)
    st.caption(
        _(
            "A PDF with what was restored in a period, how long it took and what "
            "would have been lost, what was checked, what failed, alerts about "
            "backups, who may restore, and what is not proven. It has no names or "
            "data of patients."
        )
    )
    month = ReportPeriod.month_before(now())
    with st.form("backup_report_form", border=False):
        left, right = st.columns(2)
        with left:
            since = day_field(_("From"), month.first, key="backup_report_since")
        with right:
            until = day_field(_("To"), month.last, key="backup_report_until")
        is_wanted = st.form_submit_button(
            _("Create report"), key="backup_report_make", icon=":material/verified:"
        )
    if is_wanted:
        with error_boundary():
            _offer(ReportPeriod.of(since, until, now=now()))


def _offer(period: ReportPeriod) -> None:
    with st.spinner(_("Creating the PDF.")):
        paper = _paper(period)
    st.download_button(
        _("Download the report (PDF)"),
        paper,
        file_name=period.filename,
        mime="application/pdf",
        key="backup_report_download",
        icon=":material/download:",
        on_click="ignore",
    )


def _paper(period: ReportPeriod) -> bytes:
    actor, wired = current_actor(), wiring.current()
    settings = wired.settings
    keys, key_files = wired.file_keys, wiring.key_files(settings)
    as_of = now()
    sources = wired.backup_reader.ask(
        lambda repository: reports.read_sources(
            actor, settings, repository, keys=keys, key_files=key_files, now=as_of
        )
    )
    report = write(
        lambda session: reports.gather_report(session, actor, period, sources)
    )
    return reports.report_pdf(
        report,
        clinic=wiring.letterhead(settings),
        now=now(),
        wording=wording_of_page(),
        explain=translate_failure,
    )
