"""The cost of the database's own rules for lists of a million patients.

Run as `python -m benchmarks.rls`. The service call is the same on both sides, each a
whole transaction on the same replica. Ours signs in as the app and takes on a role. The
front desk's peer signs in as the owner, to whom no rule applies. So does the peer of a
clinician with 2,000 patients, who sees those patients through a view: the condition
that an application would add itself, which the planner may use as it likes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg2
from sqlalchemy.orm import Session

from benchmarks import dataset
from benchmarks.dataset import Million
from benchmarks.lists import CASES, NOW, SIZE, Case
from benchmarks.measure import compare
from db.embedded import Addresses
from db.embedded.servers.database_roles import APP, NAME, OWNER
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseIdentity
from services.core import audit
from services.core.actors import Actor, Role
from services.patients.search import list_patients
from services.patients.search.pages import PatientPage
from tests.kit.replicas import await_replicas

CLERK: Final = Actor(UUID(int=1), "Clerk", Role.STAFF)
CLINICIAN: Final = Actor(UUID(int=2), "Clinician", Role.CLINICIAN)
TREATED: Final = 2_000
_ROUNDS: Final = 200
_FILTERED: Final = "&options=-csearch_path%3Dfiltered,public"

# It does not matter whom the clinician treats, but they are always the same.
_EMPLOY: Final = f"""
INSERT INTO users (id, name, role) VALUES ('{CLINICIAN.id}', 'x', 'clinician');
INSERT INTO care_relationships (clinician_id, patient_id)
SELECT '{CLINICIAN.id}', id FROM patients
WHERE deleted_at IS NULL ORDER BY hashtext(id::text) LIMIT {TREATED};
CREATE SCHEMA filtered;
CREATE VIEW filtered.patients AS SELECT * FROM public.patients WHERE id IN (
    SELECT patient_id FROM public.care_relationships
    WHERE clinician_id = '{CLINICIAN.id}' AND ended_at IS NULL
    UNION ALL SELECT patient_id FROM public.break_glass_accesses
    WHERE clinician_id = '{CLINICIAN.id}' AND expires_at > now()
)
"""
_TIDY: Final = f"""
DROP SCHEMA IF EXISTS filtered CASCADE;
DELETE FROM care_relationships WHERE clinician_id = '{CLINICIAN.id}';
DELETE FROM users WHERE id = '{CLINICIAN.id}'
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: its connections, its actor and its identity."""

    database: Database
    actor: Actor
    identity: DatabaseIdentity | None

    def ask(self, case: Case) -> Callable[[], PatientPage]:
        """Return a function that reads the first page of a list."""
        criteria = case.criteria

        def read(session: Session) -> PatientPage:
            with audit.collecting_events(session):
                return list_patients(session, self.actor, criteria, size=SIZE, now=NOW)

        return lambda: self.database.read(read, identity=self.identity).value


def main() -> list[float]:
    """Print a line for each list and role; a ratio above 1.2 is a defect."""
    with dataset.kept() as million, _employed(million.addresses), ExitStack() as held:
        pairs = (
            (_side(held, million, CLERK, APP), _side(held, million, CLERK, OWNER)),
            (
                _side(held, million, CLINICIAN, APP),
                _side(held, million, CLINICIAN, OWNER, more=_FILTERED),
            ),
        )
        return [_compare(case, *pair) for pair in pairs for case in CASES]


def _side(
    held: ExitStack, million: Million, actor: Actor, login: str, *, more: str = ""
) -> Side:
    """Return a side that reads from one replica, with the primary, as all sides do."""
    nodes = sorted((node.role or "", node.name) for node in million.database.nodes())
    (_, primary), (_, replica), *_ = nodes
    urls = {
        name: million.addresses.node_url(name, login, NAME) + more
        for name in (primary, replica)
    }
    database = Database(Endpoints(urls[primary], urls, "", {}))
    held.enter_context(closing(database))
    return Side(database, actor, actor.database_identity if login == APP else None)


@contextmanager
def _employed(addresses: Addresses) -> Iterator[None]:
    """Give the clinician patients, and the peer the view, on every node; then tidy."""
    with closing(psycopg2.connect(addresses.primary_url(OWNER, NAME))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_TIDY)
            cursor.execute(_EMPLOY)
            cursor.execute("ANALYZE care_relationships")
            await_replicas(cursor)
            yield
            cursor.execute(_TIDY)


def _compare(case: Case, ours: Side, peer: Side) -> float:
    name = f"rls: {ours.actor.name.lower()}, {case.name}"
    return compare(
        name, ours.ask(case), peer.ask(case), rounds=_ROUNDS, must_agree=True
    )


if __name__ == "__main__":
    main()
