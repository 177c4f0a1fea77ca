"""A crowd in a whole clinic: its waiting times, minute by minute, and what it costs.

    python -m benchmarks.crowd.hour --people 1000 --think 60 --minutes 60
    python -m benchmarks.crowd.hour --people 100 --events failover@3,kill@6,reload@9

The clinic is what `script/server` starts: web processes behind their front, worker,
three servers of PostgreSQL and MongoDB, all on this machine, as is the crowd. An event
happens after the given number of minutes: `failover` kills the primary, `kill` a web
process, and `reload` replaces everything that runs our code. With `--chromium` two
people also click in a browser, and `--chart NAME` draws the minutes into docs/images.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

import httpx

from benchmarks.crowd.crowd import Crowd, Pace, beating, gathered
from benchmarks.crowd.figures import WAITS
from benchmarks.crowd.hour.clinic import EVENTS, Clinic, running_clinic
from benchmarks.crowd.hour.minutes import Event, Minute, draw, seconds_until_as_before
from benchmarks.crowd.journal import SHARES, Journal
from benchmarks.crowd.leaks import pass_by
from db.open_files import allow_open_files
from services.core.actors import Role

_IMAGES: Final = Path(__file__).resolve().parents[3] / "docs" / "images"
_MINUTE: Final = 60.0
# A page whose connection was lost may come back for two minutes.
_GONE_SECONDS: Final = 150.0
_FREED_SECONDS: Final = 30.0
# The front gives each to a random web process.
_PASSERS_BY: Final = 8


def main() -> None:
    """Run the crowd, and print its results."""
    wanted = _arguments()
    allow_open_files()
    with (
        tempfile.TemporaryDirectory(prefix="chartroom-hour-") as folder,
        running_clinic(Path(folder), wanted.servers, wanted.people) as clinic,
    ):
        print(f"before: {clinic.held().line()}, {clinic.passing_rows()}", flush=True)
        minutes, events = asyncio.run(_run(clinic, wanted))
        for line in _summary(clinic, minutes, events):
            print(line, flush=True)
        if wanted.chart:
            title = f"{wanted.people:,} people with {wanted.think:g} s of thought"
            drawn = draw(title, minutes, wanted.events)
            (_IMAGES / f"{wanted.chart}.svg").write_text(drawn, encoding="utf-8")
        sleep(_GONE_SECONDS)
        asyncio.run(_pass_by(clinic))
        sleep(_FREED_SECONDS)
        print(f"gone: {clinic.held().line()}, {clinic.passing_rows()}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd.hour")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--think", type=float, default=60.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--servers", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--events", type=_events, default=())
    parser.add_argument("--chromium", action="store_true")
    parser.add_argument("--chart", default="")
    return parser.parse_args()


def _events(listed: str) -> Sequence[tuple[str, float]]:
    events = []
    for event in listed.split(","):
        name, _, minute = event.partition("@")
        if name not in EVENTS:
            raise argparse.ArgumentTypeError(f"events are {', '.join(EVENTS)}")
        events.append((name, float(minute)))
    return events


async def _run(
    clinic: Clinic, wanted: argparse.Namespace
) -> tuple[list[Minute], list[Event]]:
    """Let the crowd come and work; return its minutes, and the events in them."""
    pace = Pace(wanted.think, wanted.minutes * _MINUTE)
    events: list[Event] = []
    async with (
        beating() as delays,
        gathered(clinic.site(), clinic.population.cookies, pace, seed=0) as crowd,
    ):
        await crowd.come()
        watch = _Watch(clinic, crowd)
        aside = [
            asyncio.create_task(watch.go_on()),
            *(
                asyncio.create_task(_happen(clinic, name, minute, events))
                for name, minute in wanted.events
            ),
        ]
        with _clicking(clinic, wanted) if wanted.chromium else nullcontext():
            await crowd.work()
        for task in aside:
            task.cancel()
        await asyncio.gather(*aside, return_exceptions=True)
        await watch.note()
    late = sorted(delays)[int(0.95 * len(delays))]
    print(f"the crowd's own lateness, 95 %: {1000 * late:,.0f} ms", flush=True)
    return watch.minutes, events


async def _pass_by(clinic: Clinic) -> None:
    """Open pages and leave, at least one at each web process."""
    (_, cookie), *_ = clinic.population.cookies
    for _ in range(_PASSERS_BY):
        async with httpx.AsyncClient() as http:
            await pass_by(clinic.site(), cookie, http)


@contextmanager
def _clicking(clinic: Clinic, wanted: argparse.Namespace) -> Iterator[None]:
    """Have two people click in Chromium, in a process of their own."""
    cookies = dict(clinic.population.one_of_each())
    who = [cookies[Role.STAFF], cookies[Role.PATIENT]]
    # What they have begun is finished before the others leave.
    minutes = str(max(0.0, wanted.minutes - 1))
    command = [sys.executable, "-m", "benchmarks.crowd.hour.in_chromium"]
    command += [clinic.launcher.address, *who, "--minutes", minutes]
    with subprocess.Popen(command) as clicking:
        try:
            yield
            clicking.wait(_GONE_SECONDS)
        finally:
            clicking.terminate()


@dataclass(slots=True)
class _Watch:
    """Records a crowd's waiting times, minute by minute."""

    clinic: Clinic
    crowd: Crowd
    minutes: list[Minute] = field(default_factory=list)
    _used_seconds: float = 0.0

    async def go_on(self) -> None:
        """Record each minute; the first one is that of coming."""
        while True:
            await self.note()
            await asyncio.sleep(_MINUTE)

    async def note(self) -> None:
        """Record the time since the last call, and print it."""
        held = await asyncio.to_thread(self.clinic.held)
        # A killed process no longer counts.
        used = max(0.0, held.processor_seconds - self._used_seconds)
        self._used_seconds = held.processor_seconds
        number, notes = len(self.minutes), self.crowd.take_notes()
        self.minutes.append(Minute(number, notes, held, used / _MINUTE))
        print(self.minutes[-1].line(), flush=True)


async def _happen(
    clinic: Clinic, name: str, minute: float, events: list[Event]
) -> None:
    await asyncio.sleep(minute * _MINUTE)
    at = perf_counter()
    print(f"{name}, after {minute:g} minutes", flush=True)
    await asyncio.to_thread(EVENTS[name], clinic)
    events.append(Event(name, at, perf_counter() - at))


def _summary(
    clinic: Clinic, minutes: Sequence[Minute], events: Sequence[Event]
) -> Iterator[str]:
    whole = Journal()
    for minute in minutes:
        whole.merge(minute.journal)
    for kind in WAITS:
        waits = [f"{1000 * whole.within(share, kind):,.0f} ms" for share in SHARES]
        yield f"{kind}: {whole.count(kind):,}, {', '.join(waits)}"
    for event in events:
        seconds = seconds_until_as_before(event, whole.waits)
        recovered = "never" if seconds is None else f"{seconds:g} s after it began"
        yield f"{event.name} (took {event.took_seconds:.1f} s): as before {recovered}"
    yield f"connections lost and back: {whole.count('reconnect'):,}"
    yield f"done again because of it: {whole.interrupted}"
    yield f"later than others: {whole.lost_races}"
    yield f"errors: {whole.errors.total()}"
    for words, times in whole.errors.most_common():
        yield f"  {times} times: {words}"
    lost = clinic.lost()
    yield f"phone numbers saved: {clinic.saves.confirmed():,}, lost: {len(lost)}"
    yield from lost


if __name__ == "__main__":
    main()
