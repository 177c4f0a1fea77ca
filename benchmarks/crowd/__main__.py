"""A crowd at work in Chartroom, and the same crowd in a stock Streamlit app, in turns.

Each person has a sign-in, a browser's requests and websockets, and a working day of
their role. Run as

    python -m benchmarks.crowd --people 10,30,100 --think 10 --minutes 1

CHARTROOM_TEST_CLUSTER names a cluster to use. With `--servers 2` two web processes
share the databases, and each person stays with one of them. With `--chart` latency by
number of people is drawn into docs/images. The web processes run without a worker.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.crowd.chart import Curve, draw
from benchmarks.crowd.chartroom_work import ChartroomWork
from benchmarks.crowd.crowd import Pace, Turn, take_turn
from benchmarks.crowd.figures import figures, whole
from benchmarks.crowd.journal import Kind
from benchmarks.crowd.leaks import left_behind
from benchmarks.crowd.population import populate
from benchmarks.crowd.servers import (
    WATCH,
    Site,
    chartroom_servers,
    stock_servers,
)
from benchmarks.crowd.stock_work import StockWork
from benchmarks.crowd.work import roles_of
from benchmarks.fresh import endpoints
from db.open_files import allow_open_files
from db.postgres import Database
from services.core.actors import Role

_IMAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "images"
_TURNS: Final = 2
_WARM_UP: Final = Pace(think_seconds=0.2, work_seconds=5)
_DRAWN: Final[tuple[Kind, ...]] = ("open", "rerun", "click")


@dataclass(frozen=True, slots=True)
class Result:
    """The turns of one crowd at both apps."""

    ours: list[Turn]
    peer: list[Turn]


def main() -> None:
    """Run each crowd, and print its figures."""
    wanted = _arguments()
    allow_open_files()
    pace = Pace(wanted.think, wanted.minutes * 60 / _TURNS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fresh = stack.enter_context(endpoints())
        with closing(Database(fresh)) as database:
            crowds = {people: roles_of(people) for people in wanted.people}
            population = populate(database, crowds[max(crowds)])
        serving = chartroom_servers(fresh, folder, wanted.servers)
        ours = Site(
            "ours",
            stack.enter_context(serving),
            lambda person: ChartroomWork(person, population.names),
            WATCH,
        )
        serving = stock_servers(folder, wanted.servers)
        peer = Site("peer", stack.enter_context(serving), StockWork)
        for site in (ours, peer):
            # The first of each role waits for what is loaded once for everybody.
            asyncio.run(take_turn(site, population.one_of_each(), _WARM_UP, seed=0))
        before = {site: site.usage() for site in (ours, peer)}
        results = {
            people: _run(ours, peer, population.some(crowds[people]), pace)
            for people in sorted(crowds)
        }
        _, cookie = population.cookies[0]
        for line in asyncio.run(left_behind(before, cookie)):
            print(line, flush=True)
    if wanted.chart:
        _draw(results, wanted.think, wanted.servers)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd")
    parser.add_argument("--people", type=_numbers, default=[100])
    parser.add_argument("--think", type=float, default=10.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=2.0, help="at each app")
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--chart", action="store_true")
    return parser.parse_args()


def _numbers(listed: str) -> list[int]:
    return [int(number) for number in listed.split(",")]


def _run(
    ours: Site, peer: Site, cookies: Sequence[tuple[Role, str]], pace: Pace
) -> Result:
    """Send one crowd to both apps in turns, each first in turn; print its figures."""
    result = Result([], [])
    sites = [(ours, result.ours), (peer, result.peer)]
    for turn in range(_TURNS):
        for site, turns in sites:
            turns.append(asyncio.run(take_turn(site, cookies, pace, seed=turn)))
        sites.reverse()
    print(f"{len(cookies):,} people, {pace.think_seconds:g} s of thought:", flush=True)
    for figure in figures(result.ours, result.peer):
        print(f"  {figure.line()}", flush=True)
    for name, turns in (("ours", result.ours), ("peer", result.peer)):
        noted = whole(turns)
        for words, times in noted.errors.most_common():
            print(f"  {name}, {times} times: {words}", flush=True)
        if noted.lost_races:
            print(f"  {name}: {noted.lost_races} were later than others", flush=True)
    return result


def _draw(results: Mapping[int, Result], think_seconds: float, servers: int) -> None:
    curves = [
        Curve(
            kind,
            {
                people: 1000 * whole(getattr(result, app)).within(95, kind)
                for people, result in results.items()
            },
            is_peer=app == "peer",
        )
        for kind in _DRAWN
        for app in ("ours", "peer")
    ]
    processes = f", {servers} web processes" if servers > 1 else ""
    title = f"A crowd with {think_seconds:g} s of thought{processes}"
    name = f"crowd-{think_seconds:g}s{f'-{servers}' * (servers > 1)}.svg"
    (_IMAGES / name).write_text(draw(title, curves), encoding="utf-8")


if __name__ == "__main__":
    main()
