"""What may be told of a cohort: counts, and where they are hidden."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.analytics.cohorts.model import Cohort, Dimension
from services.lists.table_files import Table


class Hidden(StrEnum):
    """Why a count is not told; what is missing to a bound is below k.

    With few who decide, a rule changes the number by below k: one that OR or NOT joins,
    or a step that leaves out nearly nobody of whom the others leave.
    """

    FEW = "few"
    NEARLY_ALL = "nearly all"
    FEW_DECIDE = "few decide"


@dataclass(frozen=True, slots=True)
class CohortCount:
    """A number of patients, or why it is hidden."""

    number: int | None
    hidden: Hidden | None = None


@dataclass(frozen=True, slots=True)
class AttritionStep:
    """How many remain after a step, which is told in words."""

    words: str
    remaining: CohortCount


@dataclass(frozen=True, slots=True)
class Cell:
    """Patients with the same values of what counts are split by.

    `entered` and `remaining` are None where one of them, or what lies between them,
    is below k, and where it could be told from others.
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
    """A cohort's attrition, the way in first, and its counts by `split_by`.

    As they were at `counted_at`: an answer that may not be told anew is told again.
    """

    cohort: Cohort
    sentence: str
    attrition: tuple[AttritionStep, ...]
    split_by: tuple[Dimension, ...]
    cells: tuple[Cell, ...]
    smallest_group: int
    counted_at: datetime

    def to_table(self) -> Table:
        """Return a row for each step, the way in first.

        A number that must not be told is empty, and `hidden` says why. What a cohort is
        split by is not in it: counts by something are a figure, which has its own.
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
