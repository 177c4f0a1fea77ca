"""Of two hundred who want one time by $hold or $book one gets it, whoever leads.

It breaks a cluster of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from db.models.booking import Booking
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.conftest import Application
from tests.api.fhir.oracles import validate
from tests.api.visit_samples import Practice
from tests.conftest import fresh_database
from tests.kit import cast
from tests.kit.breaking import switch_over
from tests.kit.clusters import await_whole
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

RACERS = 200
# How many ask before, during and after the switchover.
WAVES = (40, 80, 80)
_AGAIN_SECONDS = 0.2


@pytest.fixture(scope="module")
def module_endpoints(breakable_cluster) -> Iterator[Any]:
    """The addresses of a database in the cluster that tests may break."""
    breaking = breakable_cluster.whole()
    with fresh_database(breaking.addresses) as endpoints:
        yield endpoints
        await_whole(breaking)


@dataclass
class Race:
    """Two hundred programs, each for a patient of its own, and the answers they get.

    A program that is told that the server cannot answer now tries again, with the same
    key.
    """

    application: Application
    slot: str
    patients: list[str]
    answers: list[httpx.Response] = field(default_factory=list)

    async def run(self, numbers: range) -> None:
        transport = httpx.ASGITransport(self.application.app)
        base = "http://127.0.0.1:8501"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            await asyncio.gather(*(self._ask(client, number) for number in numbers))

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        operation = "hold" if number % 2 else "book"
        references = {
            "appointment-reference": f"Appointment/{self.slot}",
            "patient-reference": f"Patient/{self.patients[number]}",
        }
        body = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": name, "valueReference": {"reference": reference}}
                for name, reference in references.items()
            ],
        }
        headers = {
            "Authorization": f"Bearer {self.application.tokens[Role.STAFF]}",
            "Content-Type": "application/fhir+json",
            "Idempotency-Key": str(uuid4()),
        }
        path = f"/fhir/Appointment/${operation}"
        while True:
            answer = await client.post(path, json=body, headers=headers)
            if answer.status_code != 503:
                break
            assert answer.json()["resourceType"] == "OperationOutcome"
            await asyncio.sleep(_AGAIN_SECONDS)
        self.answers.append(answer)


def test_of_two_hundred_one_wins_with_a_switchover_in_the_middle(
    application, breakable
):
    database = application.database
    practice = Practice.open(database)
    patients = database.write(
        lambda session: [str(cast.add_patient(session).id) for _ in range(RACERS)],
        identity=SYSTEM,
    ).value
    race = Race(application, str(practice.slot_ids[0]), patients)
    before, during, after = (
        range(sum(WAVES[:n]), sum(WAVES[: n + 1])) for n in range(len(WAVES))
    )

    with ThreadPoolExecutor(2) as aside:
        first = aside.submit(asyncio.run, race.run(before))
        eventually(lambda: race.answers or first.done(), pause_seconds=0)
        second = aside.submit(asyncio.run, race.run(during))
        switch_over(breakable)
        for racing in (first, second):
            racing.result(timeout=120)
    asyncio.run(race.run(after))

    statuses = Counter(answer.status_code for answer in race.answers)
    assert len(race.answers) == RACERS
    assert statuses == {200: 1, 409: RACERS - 1}
    for answer in race.answers:
        if answer.status_code == 409:
            assert answer.json()["resourceType"] == "OperationOutcome"
    lost = next(answer for answer in race.answers if answer.status_code == 409)
    validate(lost.json())
    held = select(func.count()).where(
        Booking.slot_id == practice.slot_ids[0],
        Booking.status.in_(("pending", "confirmed")),
    )
    assert (
        database.read_latest(
            lambda session: session.scalar(held), identity=SYSTEM
        ).value
        == 1
    )
