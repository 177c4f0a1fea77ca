"""With many readers at the same time, nobody is shown a title they may not see."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from threading import Barrier, Event

import pytest

from db.endpoints import Endpoints
from db.postgres import Database
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.documents.search.cache import DocumentListCache
from services.lists.criteria import Criteria, Operator
from services.lists.pages import PagePosition
from services.patients.care import care
from tests.kit.change_listening import listening
from tests.kit.waiting import eventually
from tests.services.documents.search.samples import NOW, filed, where
from tests.services.patients.clinic_samples import Clinic, open_clinic

LOOKS = 120
# Fewer connections than people, so that each is soon reused for another person.
CONNECTIONS = 2


@dataclass(frozen=True)
class BusyClinic:
    """A clinic in which several people read lists at the same time."""

    clinic: Clinic
    database: Database
    document_lists: DocumentListCache
    grace: Actor
    lists: tuple[Criteria, ...]

    def titles(self, actor: Actor, criteria: Criteria) -> set[str]:
        """Return the titles that the actor is shown of a list."""
        looking = ActorDatabase(self.database, actor)
        look = self.document_lists.look(
            looking, criteria, PagePosition(size=100), now=NOW
        ).value
        return {row.title for row in look.page.rows}


@pytest.fixture(scope="module")
def busy_clinic(module_endpoints: Endpoints) -> Iterator[BusyClinic]:
    """Ada is nobody's patient; Grace is Dora's; Emil has none."""
    with (
        open_clinic(module_endpoints) as clinic,
        closing(
            Database(module_endpoints, pool_size=CONNECTIONS, pool_overflow=0)
        ) as database,
        listening(module_endpoints, "documents") as listener,
    ):
        for of, title in ((clinic.ada, "Of Ada"), (clinic.grace, "Of Grace")):
            clinic.write(
                clinic.cleo, partial(filed, actor=clinic.cleo, title=title, of=of)
            )
        eventually(listener.change_mark)
        of_ada = where("patient_id", Operator.EQUAL, str(clinic.ada.id))
        # The lists that somebody who treats Ada has open, and all documents.
        lists = (of_ada, Criteria(), replace(of_ada, archived=True))
        grace = clinic.invite(clinic.grace)
        yield BusyClinic(clinic, database, DocumentListCache(listener), grace, lists)


def _until(done: Event, disturb: Callable[[], object]) -> None:
    while not done.is_set():
        disturb()


def _disturb(clinic: Clinic) -> None:
    """File a document, and let Emil treat Grace for a moment: lists are dropped."""
    cleo = clinic.cleo
    clinic.write(cleo, partial(filed, actor=cleo, title="Of Grace", of=clinic.grace))
    clinic.write(cleo, lambda s: care.assign(s, cleo, clinic.grace.id, clinic.emil.id))
    clinic.write(cleo, lambda s: care.end(s, cleo, clinic.grace.id, clinic.emil.id))


def test_nobody_sees_the_title_of_a_colleagues_patient_however_many_ask(
    busy_clinic: BusyClinic,
):
    clinic, done = busy_clinic.clinic, Event()
    may_see = {
        clinic.cleo: {"Of Ada", "Of Grace"},
        clinic.dora: {"Of Grace"},
        clinic.emil: {"Of Grace"},
        busy_clinic.grace: {"Of Grace"},
    }
    begun = Barrier(len(may_see))

    def look(actor: Actor) -> set[str]:
        # A patient's lists cannot filter by patient.
        lists = (
            busy_clinic.lists[1:2] if actor.role is Role.PATIENT else busy_clinic.lists
        )
        begun.wait()
        return set[str]().union(
            *(busy_clinic.titles(actor, each) for each in islice(cycle(lists), LOOKS))
        )

    with ThreadPoolExecutor(len(may_see) + 1) as people:
        disturbing = people.submit(_until, done, partial(_disturb, clinic))
        try:
            seen = dict(zip(may_see, people.map(look, may_see), strict=True))
        finally:
            done.set()
        disturbing.result()

    assert seen[clinic.cleo] == may_see[clinic.cleo]
    assert all(seen[actor] <= may_see[actor] for actor in may_see)
