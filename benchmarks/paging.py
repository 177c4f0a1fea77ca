"""Page 500 of a list against page 1, by the service call.

Run as `python -m benchmarks.paging`.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.lists import ANALYST, CASES, NOW, SIZE, Case
from benchmarks.measure import compare
from services.patient_lists import PatientPage, list_patients

PAGE = 500


def main() -> list[float]:
    """Print a line for each list that is so long; a ratio above 1.2 is a defect."""
    with dataset.kept() as million, million.side_by_side() as (session, _):
        deep = [(case, _end_of_page(session, case, PAGE - 1)) for case in CASES]
        return [_compare(session, case, end) for case, end in deep if end]


def _compare(session: Session, case: Case, end: UUID) -> float:
    asked = case.criteria

    def page(after: UUID | None) -> PatientPage:
        return list_patients(session, ANALYST, asked, size=SIZE, after=after, now=NOW)

    return compare(
        f"paging: {case.name}", lambda: page(end), lambda: page(None), rounds=300
    )


def _end_of_page(session: Session, case: Case, number: int) -> UUID | None:
    """Return the last patient of a page, None if the list ends before."""
    end: UUID | None = None
    for _ in range(number):
        page = list_patients(
            session, ANALYST, case.criteria, size=SIZE, after=end, now=NOW
        )
        end = page.next
        if end is None:
            return None
    return end


if __name__ == "__main__":
    main()
