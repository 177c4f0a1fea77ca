"""The state of the files: what checks and sweeps found, and whether they run."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import streamlit as st

from dashboard.context import read
from dashboard.ui import clock
from dashboard.ui.figures import Figure
from dashboard.ui.language import decimal, gettext as _, marked, translated
from dashboard.ui.words import at
from services.documents.integrity.runs import CheckRun, Job, list_runs
from services.documents.retention import Walk

# For how long a job that is due every ten minutes or every hour may not have ended.
_SILENT: Final = {
    Job.PURGE: timedelta(hours=3),
    Job.SWEEP: timedelta(hours=3),
    Job.CHECK: timedelta(hours=1),
}
_SECONDS: Final = 30.0
_BUCKETS: Final = {
    "documents": marked("Documents"),
    "patient_photos": marked("Photos"),
    "doctor_photos": marked("Doctors' photos"),
    "prescription_files": marked("Prescriptions"),
    "document_originals": marked("Originals of pictures"),
}
_COUNTS: Final = ("named", "unreferenced", "missing")
_ROWS: Final = {
    "document": marked("document"),
    "prescription": marked("prescription"),
    "photo": marked("photo"),
    "doctor's photo": marked("doctor's photo"),
}
_NAMES: Final = {
    Job.PURGE: marked("purge"),
    Job.SWEEP: marked("sweep"),
    Job.CHECK: marked("check"),
}


def job_figure() -> Figure:
    """Return whether the jobs that look after files run, and when each ended."""
    runs = read(list_runs, keep="home jobs", seconds=_SECONDS)
    timestamp = clock.now()
    wrong = [
        run
        for run in runs
        if run.results.get("stopped") or timestamp - run.ended_at > _SILENT[run.job]
    ]
    ages = [
        (_(_NAMES[run.job]), (timestamp - run.ended_at).total_seconds() / 60)
        for run in runs
    ]
    return Figure(
        _("Jobs"),
        _how(len(runs), len(wrong)),
        _(
            "The jobs that purge, sweep and check files; the bars show how many "
            "minutes ago each ended."
        ),
        trend=ages,
        unit=_(" min ago"),
        is_course=False,
        page="documents/retention.py",
        link=_("Last: {when}").format(when=at(max(run.ended_at for run in runs)))
        if runs
        else _("Retention"),
    )


def _how(known: int, wrong: int) -> str:
    if not known:
        return _("Not run yet")
    said = _("{number} late or stopped") if wrong else _("{number} on time")
    return said.format(number=wrong or known)


def show_integrity(
    walk: Walk, runs: Sequence[CheckRun], pending_deletions: int, now: datetime
) -> None:
    """Show alarms first, then the latest results."""
    for alarm in _alarms(walk, runs, now):
        st.warning(alarm, icon=":material/warning:")
    known = {run.job: run for run in runs}
    said = (
        _(
            "**{checked} of {files}** files of documents were read and compared with "
            "their rows in the last seven days; the longest unchecked: {oldest}."
        )
        if walk.oldest_at
        else _(
            "**{checked} of {files}** files of documents were read and compared with "
            "their rows in the last seven days."
        )
    )
    st.markdown(
        said.format(
            checked=decimal(walk.checked),
            files=decimal(walk.files),
            oldest=at(walk.oldest_at) if walk.oldest_at else "",
        )
    )
    if swept := known.get(Job.SWEEP):
        _show_sweep(swept)
    st.markdown(
        _("Files waiting to be removed: **{number}**.").format(
            number=decimal(pending_deletions)
        )
    )
    st.caption(" · ".join(_ended(known)))


def _show_sweep(swept: CheckRun) -> None:
    """Show what the last comparison of files and rows found, which grows out of date.

    Kinds of files of which there were none are left out.
    """
    when = at(swept.ended_at)
    kinds = {
        bucket: sweep
        for bucket, sweep in swept.results.items()
        if any(sweep[count] for count in _COUNTS)
    }
    if not kinds:
        st.markdown(
            _(
                "At the last comparison of files and rows, {when}, there were no "
                "files yet. They are compared every hour."
            ).format(when=when)
        )
        return
    st.markdown(_("Files and rows, compared {when}:").format(when=when))
    lines = (_swept(_(_BUCKETS.get(kind, kind)), kinds[kind]) for kind in kinds)
    st.markdown("\n".join(f"- {line}" for line in lines))


def _alarms(walk: Walk, runs: Sequence[CheckRun], now: datetime) -> Iterator[str]:
    if walk.damaged:
        yield _(
            "Some files are damaged. They are not shown to anybody; restore them "
            "from a backup, and the next check clears them."
        )
    for run in runs:
        if run.results.get("stopped"):
            yield translated(str(run.results["stopped"]))
        if now - run.ended_at > _SILENT[run.job]:
            yield _(
                "The {job} has not finished since {when}: check that the worker is "
                "running."
            ).format(job=_(_NAMES[run.job]), when=at(run.ended_at))
        if run.job is Job.SWEEP:
            yield from _alarms_of_sweep(run)
        if held := run.results.get("in_backups"):
            yield _(
                "{count} purged files are still in the backups, which could not be "
                "reached or were being read. The purge tries again each hour; see "
                "*Backups*."
            ).format(count=decimal(held))


def _alarms_of_sweep(run: CheckRun) -> Iterator[str]:
    for bucket, sweep in run.results.items():
        if sweep["held_back"]:
            yield _(
                "{files}: too many files have no row, so none is removed. Was an "
                "older backup of the rows restored?"
            ).format(files=_(_BUCKETS[bucket]))
        if number := sweep["missing"]:
            yield _("{files}: {number} files are missing: {rows}.").format(
                files=_(_BUCKETS[bucket]),
                number=decimal(number),
                rows=", ".join(map(_row, sweep["missing_rows"])),
            )


def _row(reported: str) -> str:
    """Return a row's name in a report (`FileReference.words`) as the page has it."""
    subject, __, version = reported.partition(", version ")
    kind, __, subject_id = subject.rpartition(" ")
    named = f"{_(_ROWS.get(kind, kind))} {subject_id}"
    if not version:
        return named
    return _("{document}, version {number}").format(document=named, number=version)


def _swept(label: str, sweep: Mapping[str, Any]) -> str:
    return _(
        "{files}: **{named}** rows name a file; files without a row: "
        "**{unreferenced}**; rows without their file: **{missing}**."
    ).format(
        files=label,
        named=decimal(sweep["named"]),
        unreferenced=decimal(sweep["unreferenced"]),
        missing=decimal(sweep["missing"]),
    )


def _ended(known: Mapping[Job, CheckRun]) -> Iterator[str]:
    for job in Job:
        run = known.get(job)
        when = at(run.ended_at) if run else _("never")
        yield _("Last {job}: {when}").format(job=_(_NAMES[job]), when=when)
