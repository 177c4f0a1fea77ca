"""The figures of a run in lines, with the bars that they have to keep below."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from benchmarks.crowd.crowd import Turn
from benchmarks.crowd.journal import SHARES, Journal, Kind

WAITS: Final[tuple[Kind, ...]] = ("open", "rerun", "click", "refresh", "upload")
_BAR_SHARE: Final = 95
_BAR: Final = "ratio 1.5; 100 people 200 ms, 1,000 people 1 s"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both apps; `bar` is the limit for ours, if any.

    The peer has no figure where it has nothing of the kind.
    """

    name: str
    ours: float
    peer: float | None
    unit: str = ""
    bar: str = ""

    def line(self) -> str:
        """Return it as benchmarks print their figures."""
        parts = [f"ours {self.ours:,.1f} {self.unit}".rstrip()]
        if self.peer is not None:
            parts.append(f"peer {self.peer:,.1f} {self.unit}".rstrip())
            if self.peer:
                parts.append(f"ratio {self.ours / self.peer:.2f}")
        words = f" (bar: {self.bar})" if self.bar else ""
        return f"{self.name}: {', '.join(parts)}{words}"


def whole(turns: Sequence[Turn]) -> Journal:
    """Return the notes of all turns, of coming and working."""
    together = Journal()
    for turn in turns:
        together.merge(turn.coming)
        together.merge(turn.working)
    return together


def figures(ours: Sequence[Turn], peer: Sequence[Turn]) -> Iterator[Figure]:
    """Yield every figure of one crowd."""
    mine, theirs = whole(ours), whole(peer)
    for kind in WAITS:
        for share in SHARES if mine.count(kind) else ():
            waits = [1000 * noted.within(share, kind) for noted in (mine, theirs)]
            bar = _BAR if share == _BAR_SHARE and kind != "upload" else ""
            yield Figure(f"{kind}, {share} %", waits[0], waits[1], "ms", bar)
    for name, unit, bar, of in _COSTS:
        yield Figure(name, _mean(of, ours), _mean(of, peer), unit, bar)
    # Later turns find memory that earlier ones have freed.
    memory = [turns[0].memory_bytes_a_page / 1000 for turns in (ours, peer)]
    bar = "400 kB at 1,000 people"
    yield Figure("memory a page", memory[0], memory[1], "kB", bar)
    trips = _mean(lambda turn: turn.round_trips_a_rerun, ours)
    yield Figure("round trips to PostgreSQL a rerun", trips, None)
    trips = _mean(lambda turn: turn.round_trips_an_open, ours)
    yield Figure("round trips to PostgreSQL an opened page", trips, None)
    waited = _mean(_database_wait, ours)
    yield Figure("a read or write of the database", 1000 * waited, None, "ms")
    errors = [float(noted.errors.total()) for noted in (mine, theirs)]
    yield Figure("errors", errors[0], errors[1], "", "0")


def _rate(turn: Turn) -> float:
    return turn.runs / turn.worked.seconds


def _database_wait(turn: Turn) -> float:
    return turn.worked.database_seconds / max(1.0, turn.worked.database_operations)


# The average cost of a run, including fragments and pages that refresh themselves.
_COSTS: Final[Sequence[tuple[str, str, str, Callable[[Turn], float]]]] = (
    ("runs", "/s", "", _rate),
    (
        "processor a run",
        "ms",
        "12 ms",
        lambda turn: 1000 * turn.processor_seconds_a_rerun,
    ),
    (
        "processor an opened page",
        "ms",
        "40 ms",
        lambda turn: 1000 * turn.processor_seconds_an_open,
    ),
    (
        "processor while idle",
        "ms/s",
        "",
        lambda turn: 1000 * turn.idle.processor_seconds / turn.idle.seconds,
    ),
    (
        "processor at work",
        "ms/s",
        "",
        lambda turn: 1000 * turn.worked.processor_seconds / turn.worked.seconds,
    ),
    (
        "the crowd's own lateness, 95 %",
        "ms",
        "",
        lambda turn: 1000 * turn.own_delay_seconds,
    ),
)


def _mean(of: Callable[[Turn], float], turns: Sequence[Turn]) -> float:
    return fmean(map(of, turns))
