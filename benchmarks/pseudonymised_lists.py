"""The cost for an analyst of checking a list against what was disclosed before.

Run as `python -m benchmarks.pseudonymised_lists`. Ours is a first page without names of
a list of a million patients, the set of all who are on it, and the disclosure of its
number on the primary; the peer is the front desk's page and count of the same list.
Each list is disclosed for the first time, and the log fills: at the end it is compared
with some hundred groups. Then one list is read again. Last comes the check of whether a
group reveals few patients, by a glance at the log and by reading it whole.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.lists import CLERK, NOW, SIZE
from benchmarks.measure import compare
from db.models.care import DisclosedAnswer, DisclosedGroup
from db.postgres import SYSTEM, Database, DatabaseIdentity
from services.analytics import pseudonymised_lists
from services.analytics.cohorts import disclosure
from services.analytics.cohorts.inference import reveals_few
from services.analytics.members import members_of
from services.core import audit
from services.core.actors import Actor, Role
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search

ANALYST = Actor(uuid4(), "benchmark", Role.ANALYST)
K = 5
_ROUNDS = 80


def main() -> None:
    """Print the cost of reading lists."""
    with dataset.kept() as million:
        database = million.database
        _forget(database)
        ours, peers = map(iter, (_lists(), _lists()))
        compare(
            "a list told for the first time",
            lambda: _tell(database, next(ours)),
            lambda: _counted(database, next(peers)),
            rounds=_ROUNDS,
        )
        again = next(iter(_lists()))
        compare(
            "a list told before",
            partial(_tell, database, again),
            partial(_counted, database, again),
        )
        _compare_checks(database)
        _forget(database)


def _lists() -> Iterator[Criteria]:
    """Yield lists of some thousand patients each, no two of them alike."""
    for year, sex in product(range(1935, 2020), ("female", "male")):
        born = Filter("birth_year", Operator.EQUAL, str(year))
        of_sex = Filter("sex", Operator.EQUAL, sex)
        yield Criteria(Group(members=(born, of_sex)))


def _tell(database: Database, criteria: Criteria) -> object:
    def read_undisclosed(
        session: Session,
    ) -> pseudonymised_lists.UndisclosedList[search.PatientPage]:
        with audit.collecting_events(session):
            return pseudonymised_lists.read_undisclosed(
                session,
                ANALYST,
                criteria,
                lambda: search.list_patients(
                    session, ANALYST, criteria, size=SIZE, now=NOW, is_kept_back=True
                ),
                now=NOW,
                smallest_group=K,
            )

    identity = ANALYST.database_identity
    kept = database.read(read_undisclosed, identity=identity).value
    disclosed_list = database.write(
        lambda session: pseudonymised_lists.disclose_list(session, ANALYST, kept),
        identity=identity,
    ).value
    return disclosed_list.require_rows()


def _counted(database: Database, criteria: Criteria) -> object:
    def read(session: Session) -> object:
        with audit.collecting_events(session):
            page = search.list_patients(session, CLERK, criteria, size=SIZE, now=NOW)
            return page, search.count_patients(session, CLERK, criteria, now=NOW)

    return database.read(read, identity=DatabaseIdentity("staff", CLERK.id)).value


def _compare_checks(database: Database) -> None:
    def check(session: Session, *, is_glance: bool) -> bool:
        newest = (
            select(DisclosedGroup.members)
            .order_by(DisclosedGroup.disclosed_at.desc())
            .limit(1)
        )
        group = members_of(session.scalars(newest).one())[100:]
        is_wanted = disclosure.is_compared([group], K)
        if is_glance:
            return disclosure.are_provably_safe(session, [group], is_wanted, K)
        rows = session.scalars(select(DisclosedGroup.members).where(is_wanted))
        members = [members_of(row) for row in rows]
        return not reveals_few([group], members, dataset.PATIENTS, K)

    groups = database.read(_groups, identity=SYSTEM).value
    print(f"{groups[0]} told groups of {groups[1]:,} patients")
    glance, whole = (_reading(database, check, is_glance=way) for way in (True, False))
    compare("a glance and the whole log", glance, whole, rounds=10, must_agree=True)


def _reading(
    database: Database, check: Callable[..., bool], **more: Any
) -> Callable[[], bool]:
    return lambda: database.read(partial(check, **more), identity=SYSTEM).value


def _groups(session: Session) -> tuple[int, int]:
    counted = session.execute(select(func.count(), func.sum(DisclosedGroup.size))).one()
    return counted[0], counted[1]


def _forget(database: Database) -> None:
    def forget(session: Session) -> None:
        for table in (DisclosedGroup, DisclosedAnswer):
            session.execute(delete(table))

    database.write(forget, identity=SYSTEM)
    dataset.await_replay(database)


if __name__ == "__main__":
    main()
