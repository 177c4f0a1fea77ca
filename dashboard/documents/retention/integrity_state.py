"""Says how the files are: what the checks and sweeps found, and whether they run."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import streamlit as st

from dashboard.context import read
from dashboard.ui import clock
from dashboard.ui.figures import Figure
from dashboard.ui.words import at
from services.documents.integrity.runs import CheckRun, Job, list_runs
from services.documents.retention import Walk

# A job that is due every ten minutes or every hour, and has not ended for so long.
_SILENT: Final = {
    Job.PURGE: timedelta(hours=3),
    Job.SWEEP: timedelta(hours=3),
    Job.CHECK: timedelta(hours=1),
}
_SECONDS: Final = 30.0
_BUCKETS: Final = {
    "documents": "Documents",
    "patient_photos": "Photos",
    "doctor_photos": "Doctors' photos",
    "prescription_files": "Prescriptions",
    "document_originals": "Originals of pictures",
}


def job_figure() -> Figure:
    """Return whether the jobs that look after files run, and when each ended."""
    runs = read(list_runs, keep="home jobs", seconds=_SECONDS)
    moment = clock.now()
    wrong = [
        run
        for run in runs
        if run.results.get("stopped") or moment - run.ended_at > _SILENT[run.job]
    ]
    ages = [
        (f"{run.job}", (moment - run.ended_at).total_seconds() / 60) for run in runs
    ]
    return Figure(
        "Jobs",
        _how(len(runs), len(wrong)),
        "The jobs that purge, sweep and check files; the bars show how many minutes "
        "ago each ended.",
        trend=ages,
        unit=" min ago",
        is_course=False,
        page="documents/retention.py",
        link=f"Last: {at(max(run.ended_at for run in runs))}" if runs else "Retention",
    )


def _how(known: int, wrong: int) -> str:
    if not known:
        return "Not run yet"
    return f"{wrong} late or stopped" if wrong else f"{known} on time"


def show_integrity(
    walk: Walk, runs: Sequence[CheckRun], pending_deletions: int, now: datetime
) -> None:
    """Show alarms first, then what was found last."""
    for alarm in _alarms(walk, runs, now):
        st.warning(alarm, icon=":material/warning:")
    known = {run.job: run for run in runs}
    oldest = f"; the longest unchecked: {at(walk.oldest_at)}" if walk.oldest_at else ""
    st.markdown(
        f"**{walk.checked:,} of {walk.files:,}** files of documents were read and "
        f"compared with their rows in the last seven days{oldest}."
    )
    if swept := known.get(Job.SWEEP):
        for bucket, sweep in swept.results.items():
            st.markdown(_swept(_BUCKETS.get(bucket, bucket), sweep))
    st.markdown(f"Files noted to be removed: **{pending_deletions:,}**.")
    st.caption(" · ".join(_ended(known)))


def _alarms(walk: Walk, runs: Sequence[CheckRun], now: datetime) -> Iterator[str]:
    if walk.damaged:
        yield (
            "Some files are not what they were. They are not shown to anybody; bring "
            "them back from a backup, and they are whole again at the next check."
        )
    for run in runs:
        if run.results.get("stopped"):
            yield str(run.results["stopped"])
        if now - run.ended_at > _SILENT[run.job]:
            yield (
                f"The {run.job} has not ended since {at(run.ended_at)}: see that the "
                "worker runs."
            )
        if run.job is Job.SWEEP:
            yield from _alarms_of_sweep(run)


def _alarms_of_sweep(run: CheckRun) -> Iterator[str]:
    for bucket, sweep in run.results.items():
        if sweep["held_back"]:
            yield (
                f"{_BUCKETS[bucket]}: so many files lack a row that none is removed. "
                "Was an older backup of the rows put back?"
            )
        if sweep["missing"]:
            rows = ", ".join(sweep["missing_rows"])
            yield f"{_BUCKETS[bucket]}: {sweep['missing']:,} files are missing: {rows}."


def _swept(label: str, sweep: Mapping[str, Any]) -> str:
    return (
        f"{label}: **{sweep['named']:,}** rows name a file; files without a row: "
        f"**{sweep['unreferenced']:,}**; rows without their file: "
        f"**{sweep['missing']:,}**."
    )


def _ended(known: Mapping[Job, CheckRun]) -> Iterator[str]:
    for job in Job:
        run = known.get(job)
        yield f"Last {job}: {at(run.ended_at) if run else 'never'}"
