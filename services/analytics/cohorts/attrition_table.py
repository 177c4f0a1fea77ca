"""A cohort's attrition as a table of plain columns, for files and programs."""

from services.analytics.cohorts.results import CohortResult
from services.lists.table_files import Table


def table_of(result: CohortResult) -> Table:
    """Return a row for each step, the way in first.

    A number that must not be told is empty, and `hidden` says why. What a cohort is
    split by is not in it: counts by something are a figure, which has a table itself.
    """
    rows = [
        (number, step.words, step.remaining.number, step.remaining.hidden)
        for number, step in enumerate(result.attrition, start=1)
    ]
    about = {
        "sentence": result.sentence,
        "counted_at": result.counted_at.isoformat(),
        "smallest_group": str(result.smallest_group),
    }
    columns = {"step": int, "words": str, "patients": int, "hidden": str}
    return Table(columns, rows, about)
