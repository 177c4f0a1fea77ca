"""What may be disclosed of a cohort: counts, and why others are hidden."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.analytics.cohorts.model import Cohort, Dimension
from services.lists.table_files import Table


class SuppressionReason(StrEnum):
    """Why a count is hidden; in each case something is below k.

    With `DECIDED_BY_FEW`, a rule changes the number by less than k: a rule that OR or
    NOT joins, or a step that leaves out nearly none of those whom the others leave.
    """

    FEW = "few"
    NEARLY_ALL = "nearly all"
    DECIDED_BY_FEW = "few decide"


@dataclass(frozen=True, slots=True)
class CohortCount:
    """A number of patients, or why it is hidden."""

    number: int | None
    hidden: SuppressionReason | None = None


@dataclass(frozen=True, slots=True)
class AttritionStep:
    """How many remain after a step, which is described in words."""

    words: str
    remaining: CohortCount


@dataclass(frozen=True, slots=True)
class Cell:
    """Patients with the same values of the dimensions that counts are split by.

    `entered` and `remaining` are None where one of them, or their difference, is below
    k, and where it could be computed from others.
    """

    values: tuple[str, ...]
    entered: int | None
    remaining: int | None

    @property
    def share(self) -> float | None:
        """How many of those who came in remain, from 0 to 1."""
        if not self.entered or self.remaining is None:
            return None
        return self.remaining / self.entered


@dataclass(frozen=True, slots=True)
class CohortResult:
    """A cohort's attrition, beginning with the way in, and its counts by `split_by`.

    All are as of `counted_at`: if a new answer may not be disclosed, the earlier one is
    returned.
    """

    cohort: Cohort
    sentence: str
    attrition: tuple[AttritionStep, ...]
    split_by: tuple[Dimension, ...]
    cells: tuple[Cell, ...]
    smallest_group: int
    counted_at: datetime

    def to_table(self) -> Table:
        """Return a row for each step, beginning with the way in.

        A hidden number is empty, and `hidden` says why. Counts by `split_by` are left
        out: they are a figure, which has a table of its own.
        """
        rows = [
            (number, step.words, step.remaining.number, step.remaining.hidden)
            for number, step in enumerate(self.attrition, start=1)
        ]
        about = {
            "sentence": self.sentence,
            "counted_at": self.counted_at.isoformat(),
            "smallest_group": str(self.smallest_group),
        }
        columns = {"step": int, "words": str, "patients": int, "hidden": str}
        return Table(columns, rows, about)
