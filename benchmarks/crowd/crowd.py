"""A crowd comes, works for a while, and goes; what it waited for, and what it cost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Final

import httpx

from benchmarks.crowd.browser import UNREACHABLE, Browser, Interrupted
from benchmarks.crowd.journal import RUNS, Journal
from benchmarks.crowd.person import Person
from benchmarks.crowd.servers import Site, Usage
from benchmarks.crowd.work import ROUNDS, Work
from services.core.actors import Role

_IDLE_SECONDS: Final = 5.0
_BEAT_SECONDS: Final = 0.05
# Less than the servers' five: a browser repeats a request if one has just closed the
# connection.
_KEEP_ALIVE_SECONDS: Final = 2.0
# Errors that a person may meet; all others are bugs of this benchmark.
_TROUBLE: Final = (LookupError, *UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long people think, how long they work, and how many times they come."""

    think_seconds: float
    work_seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What one crowd found at one app, and what the app used for it, phase by phase."""

    people: int
    coming: Journal
    working: Journal
    idle: Usage
    came: Usage
    worked: Usage
    # For how long the crowd's own process was too busy to notice an answer.
    own_delay_seconds: float

    @property
    def runs(self) -> int:
        """The number of runs of a page or a fragment, without openings."""
        return self.working.count(*RUNS)

    def _beyond_idling(self, usage: Usage) -> float:
        rate = self.idle.processor_seconds / self.idle.seconds
        return usage.processor_seconds - rate * usage.seconds

    @property
    def processor_seconds_an_open(self) -> float:
        """The cost of an opened page, from when all came and nobody did anything."""
        return self._beyond_idling(self.came) / max(1, self.coming.count("open"))

    @property
    def processor_seconds_a_rerun(self) -> float:
        """The cost of a run, without pages that were opened in between."""
        opened = self.working.count("open") * self.processor_seconds_an_open
        return (self._beyond_idling(self.worked) - opened) / max(1, self.runs)

    @property
    def round_trips_an_open(self) -> float:
        """The database round trips of an opened page."""
        return self.came.round_trips / max(1, self.coming.count("open"))

    @property
    def round_trips_a_rerun(self) -> float:
        """The database round trips of a run, on average."""
        opened = self.working.count("open") * self.round_trips_an_open
        return (self.worked.round_trips - opened) / max(1, self.runs)

    @property
    def memory_bytes_a_page(self) -> float:
        """How much the process grows for each open page."""
        return self.came.memory_bytes / max(1, self.coming.count("open"))


class Crowd:
    """People who come, work and go, each with the steps of their role."""

    def __init__(self, members: Sequence[tuple[Role, Work]], pace: Pace) -> None:
        self._members = members
        self._pace = pace
        self._people = [work.person for _, work in members]

    def __len__(self) -> int:
        return len(self._members)

    async def come(self) -> None:
        """Have everybody open their first page at some time within a thought."""
        await asyncio.gather(*(self._come(role, work) for role, work in self._members))

    async def work(self) -> None:
        """Have everybody repeat their role's round for the pace's working time."""
        tasks = [
            asyncio.create_task(_go_round(role, work)) for role, work in self._members
        ]
        try:
            done, _ = await asyncio.wait(
                tasks,
                timeout=self._pace.work_seconds,
                return_when=asyncio.FIRST_EXCEPTION,
            )
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Have everybody close their page."""
        await asyncio.gather(*(person.leave() for person in self._people))

    def take_notes(self) -> Journal:
        """Return all notes so far, and begin new ones."""
        whole = Journal()
        for person in self._people:
            whole.merge(person.browser.journal)
            person.browser.journal = Journal()
        return whole

    async def _come(self, role: Role, work: Work) -> None:
        await asyncio.sleep(work.person.random.uniform(0, self._pace.think_seconds))
        await _try(work, "start", work.start(role))


@asynccontextmanager
async def gathered(
    site: Site, cookies: Sequence[tuple[Role, str]], pace: Pace, seed: int
) -> AsyncIterator[Crowd]:
    """Gather a crowd before an app; whoever is still there at the end leaves."""
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    random = Random(seed)
    limits = httpx.Limits(keepalive_expiry=_KEEP_ALIVE_SECONDS)
    async with httpx.AsyncClient(limits=limits, timeout=60) as http:
        members = [
            (
                role,
                site.work_of(
                    Person(
                        _browser(site, number, cookie, http),
                        Random(random.random()),
                        pace.think_seconds,
                    )
                ),
            )
            for number, (role, cookie) in enumerate(cookies)
        ]
        crowd = Crowd(members, pace)
        try:
            yield crowd
        finally:
            await crowd.leave()


async def take_turn(
    site: Site, cookies: Sequence[tuple[Role, str]], pace: Pace, seed: int
) -> Turn:
    """Let everybody come, work and go."""
    nothing = await asyncio.to_thread(site.usage)
    await asyncio.sleep(_IDLE_SECONDS)
    before = await asyncio.to_thread(site.usage)
    async with beating() as delays, gathered(site, cookies, pace, seed) as crowd:
        await crowd.come()
        came = await asyncio.to_thread(site.usage)
        coming = crowd.take_notes()
        await crowd.work()
        worked = await asyncio.to_thread(site.usage)
        working = crowd.take_notes()
    return Turn(
        len(cookies),
        coming,
        working,
        before.since(nothing),
        came.since(before),
        worked.since(came),
        sorted(delays)[int(0.95 * len(delays))],
    )


def _browser(site: Site, number: int, cookie: str, http: httpx.AsyncClient) -> Browser:
    """Return a person's browser, which stays with one of the app's servers."""
    server = site.servers[number % len(site.servers)]
    known = cookie if site.watch_path else ""
    return Browser(server.address, http, Journal(), known, site.watch_path)


async def _go_round(role: Role, work: Work) -> None:
    """Repeat the role's round."""
    while True:
        if work.person.opened is not None:
            await _try(work, role.value, ROUNDS[role](work))
        await work.person.think()
        await _try(work, "start", work.start(role))


async def _try(work: Work, what: str, doing: Awaitable[None]) -> None:
    browser = work.person.browser
    times_lost = browser.times_lost
    try:
        await doing
    except Interrupted:
        # The page is open again: the person sees the result, and continues.
        browser.journal.interrupted += 1
    except _TROUBLE as trouble:
        # A page that came back from another process may be at an earlier step.
        if isinstance(trouble, LookupError) and browser.times_lost > times_lost:
            browser.journal.interrupted += 1
        else:
            browser.journal.fail(f"{what}: {type(trouble).__name__}: {trouble}")
        with suppress(*_TROUBLE):
            await work.person.leave()


@asynccontextmanager
async def beating() -> AsyncIterator[list[float]]:
    """Record how late this process is by its own clock."""
    delays = [0.0]

    async def beat() -> None:
        while True:
            due = perf_counter() + _BEAT_SECONDS
            await asyncio.sleep(_BEAT_SECONDS)
            delays.append(perf_counter() - due)

    task = asyncio.create_task(beat())
    try:
        yield delays
    finally:
        task.cancel()
