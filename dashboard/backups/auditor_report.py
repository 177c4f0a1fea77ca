"""Makes a report on backups and restores for an auditor, of a month or any days."""

from datetime import date, timedelta

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, today, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.language.papers import wording_of_page
from services import backups
from services.backups import kits, reports
from services.backups.reports import ReportPeriod, ReportPlan, ReportSources


def show_auditor_report() -> None:
    """Offer a report as a PDF; raises the services' refusals."""
    wired = wiring.current()
    if not wired.settings.is_embedded or wired.backups.system_id is None:
        return
    st.subheader(_("Report for auditors"), anchor=False)
    st.caption(
        _(
            "A PDF with what was restored in a period, how long it took and what "
            "would have been lost, what was checked, what failed, alerts about "
            "backups, who may restore, and what is not proven. No name and no data of "
            "a patient are in it."
        )
    )
    first, last = _last_month(today())
    with st.form("backup_report_form", border=False):
        left, right = st.columns(2)
        since: date | None
        until: date | None
        with left:
            since = day_field(_("From"), first, key="backup_report_since")
        with right:
            until = day_field(_("To"), last, key="backup_report_until")
        is_wanted = st.form_submit_button(
            _("Make the report"), key="backup_report_make", icon=":material/verified:"
        )
    if is_wanted:
        with error_boundary():
            _offer(ReportPeriod.of(since, until, now=now()))


def _last_month(day: date) -> tuple[date, date]:
    """Return the first and the last day of the month before a day's."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _offer(period: ReportPeriod) -> None:
    with st.spinner(_("The PDF is being made.")):
        paper = _paper(period)
    st.download_button(
        _("Download the report (PDF)"),
        paper,
        file_name=f"backups-{period.first}-{period.last}.pdf",
        mime="application/pdf",
        key="backup_report_download",
        icon=":material/download:",
        on_click="ignore",
    )


def _paper(period: ReportPeriod) -> bytes:
    actor, settings = current_actor(), wiring.current().settings
    sources = _sources()
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


def _sources() -> ReportSources:
    actor, wired = current_actor(), wiring.current()
    settings, repository = wired.settings, wired.backups
    plan = ReportPlan(
        every=settings.backup_interval,
        full_every=settings.backup_full_interval,
        kept=timedelta(days=settings.backup_kept_days),
        drill_every=settings.backup_drill_interval,
        is_copied=settings.backup_s3_url is not None,
    )
    return ReportSources(
        repository,
        backups.read_state(actor, repository, settings.data, wired.file_keys),
        kits.read_kit_state(actor, repository, wiring.key_files(settings), now()),
        plan,
    )
