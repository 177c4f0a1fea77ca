"""Page 500 of a list against page 1, by the service call, 50 patients a page.

Run as `python -m benchmarks.paging`. If one sort key ascends and another descends, the
cost of a page is that of its group of equal first keys, on the first page as on the
last; such lists would compare two groups and are left out.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.lists import CASES, CLERK, NOW
from benchmarks.measure import compare
from services.lists.criteria import Criteria, Direction, Order
from services.patients.search import PatientPage, list_patients

PAGE = 500
SIZE = 50
LISTS = {
    "everybody by name": Criteria(),
    **{case.name: case.criteria for case in CASES[:2]},
    "asthma or migraine, last changed first": replace(
        CASES[4].criteria, orders=(Order("updated_at", Direction.DESC),)
    ),
}


def main() -> list[float]:
    """Print a line for each list; a ratio above 1.2 is a defect."""
    with dataset.kept() as million, million.side_by_side() as (session, _):
        return [_compare(session, *case) for case in LISTS.items()]


def _compare(session: Session, name: str, criteria: Criteria) -> float:
    end = _end_of_page(session, criteria, PAGE - 1)

    def page(after: UUID | None) -> PatientPage:
        return list_patients(session, CLERK, criteria, size=SIZE, after=after, now=NOW)

    return compare(f"paging: {name}", lambda: page(end), lambda: page(None), rounds=300)


def _end_of_page(session: Session, criteria: Criteria, number: int) -> UUID:
    end: UUID | None = None
    for _ in range(number):
        page = list_patients(session, CLERK, criteria, size=SIZE, after=end, now=NOW)
        end = page.next
        if end is None:
            raise RuntimeError("The list is too short, nothing was compared.")
    return page.rows[-1].id


if __name__ == "__main__":
    main()
