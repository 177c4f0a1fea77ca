"""The longest that a count takes, however long or awkward the list.

Run as `python -m benchmarks.counts`.
"""

from time import perf_counter

from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.lists import CASES, CLERK, NOW
from services.lists.criteria import Combine, Criteria, Filter, Group, Operator
from services.patients.search import count_patients

ROUNDS = 30
_ADDRESS = Filter("address", Operator.CONTAINS, "zzz")
# No index helps with these, or it finds too much.
AWKWARD = (
    Criteria(),
    Criteria(search="a e"),
    Criteria(Group(Combine.AND, (_ADDRESS,))),
    Criteria(
        Group(Combine.AND, (_ADDRESS, Filter("last_name", Operator.CONTAINS, "q")))
    ),
    Criteria(
        Group(Combine.OR, (_ADDRESS, Filter("email", Operator.IS_EMPTY, value=True)))
    ),
    Criteria(
        Group(
            Combine.AND,
            (
                Filter("allergies", Operator.NOT_EQUAL, "penicillin"),
                Filter("emergency_contact", Operator.EQUAL, "nobody"),
            ),
        )
    ),
)


def main() -> float:
    """Print the longest time in milliseconds; above 150 is a defect."""
    lists = [*(case.criteria for case in CASES), *AWKWARD]
    with dataset.kept() as million, million.side_by_side() as (session, _):
        longest = max(
            _milliseconds(session, criteria)
            for _ in range(ROUNDS)
            for criteria in lists
        )
    print(f"count: longest of {ROUNDS} x {len(lists)} lists {longest:.0f} ms")
    return longest


def _milliseconds(session: Session, criteria: Criteria) -> float:
    begun = perf_counter()
    count_patients(session, CLERK, criteria, now=NOW)
    return (perf_counter() - begun) * 1e3


if __name__ == "__main__":
    main()
