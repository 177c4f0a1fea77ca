"""The needs of more people, by the figures of a crowd that was measured.

    python -m benchmarks.crowd --people 100 --think 10 --minutes 1 > crowd.txt
    python -m benchmarks.growth --think 60 < crowd.txt

Takes the largest crowd of the text. Everybody takes a step after a pause for thought of
this length on average, and a step causes as many runs as it did in that crowd. A web
process is kept busy for half of one core at most, since beyond that people wait for
each other; each has up to 15 connections to each server of PostgreSQL. Files and the
databases' own processor time are not included.
"""

import argparse
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_MOST_BUSY: Final = 0.5
_PROCESS_BYTES: Final = 300e6
_CONNECTIONS: Final = 15
_COMING_SECONDS: Final = 3600.0
_CROWD: Final = re.compile(r"^([\d,]+) people, ([\d.]+) s of thought:$")
_FIGURE: Final = re.compile(r"^  ([^:]+): ours ([\d,.]+)")


@dataclass(frozen=True, slots=True)
class Measured:
    """One crowd: how many people, their seconds of thought, and figures by name."""

    people: int
    think_seconds: float
    figures: Mapping[str, float]

    @property
    def runs_a_step(self) -> float:
        """The number of runs of a page that a step causes, including automatic ones."""
        return self.figures["runs"] * self.think_seconds / self.people


@dataclass(frozen=True, slots=True)
class Need:
    """The needs of a number of people at work."""

    people: int
    runs_a_second: float
    busy_cores: float
    processes: int
    memory_bytes: float
    connections: int
    round_trips_a_second: float

    def line(self) -> str:
        """Return it as one line."""
        return (
            f"{self.people:,} people: {self.runs_a_second:,.0f} runs/s, "
            f"{self.busy_cores:.1f} cores for {self.processes} web processes, "
            f"{self.memory_bytes / 1e9:.1f} GB, up to {self.connections:,} connections "
            f"to each server, {self.round_trips_a_second:,.0f} round trips/s"
        )


def crowds_in(text: str) -> Iterator[Measured]:
    """Yield the crowds in the output of their benchmark."""
    for block in re.split(r"^(?=[\d,]+ people, )", text, flags=re.MULTILINE):
        heading, *lines = block.splitlines() or [""]
        if crowd := _CROWD.match(heading):
            matches = (_FIGURE.match(line) for line in lines)
            figures = {match[1]: _number(match[2]) for match in matches if match}
            yield Measured(int(_number(crowd[1])), float(crowd[2]), figures)


def need(measured: Measured, people: int, think_seconds: float) -> Need:
    """Return the needs of people who think for this long before each step."""
    figures = measured.figures
    runs = people / think_seconds * measured.runs_a_step
    opened = people / _COMING_SECONDS
    cores = (
        runs * figures["processor a run"] + opened * figures["processor an opened page"]
    ) / 1000
    processes = math.ceil(cores / _MOST_BUSY)
    return Need(
        people,
        runs,
        cores,
        processes,
        processes * _PROCESS_BYTES + people * figures["memory a page"] * 1000,
        processes * _CONNECTIONS,
        runs * figures["round trips to PostgreSQL a rerun"],
    )


def main() -> None:
    """Print the needs of 1,000, 10,000 and 100,000 people."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("--think", type=float, default=60.0, help="seconds")
    wanted = parser.parse_args()
    crowds = sorted(crowds_in(sys.stdin.read()), key=lambda crowd: crowd.people)
    if not crowds:
        sys.exit("There is no crowd in what was given: pipe the benchmark's output in.")
    measured = crowds[-1]
    print(f"By {measured.people:,} people, {measured.think_seconds:g} s of thought:")
    for people in (1_000, 10_000, 100_000):
        print(need(measured, people, wanted.think).line())


def _number(written: str) -> float:
    return float(written.replace(",", ""))


if __name__ == "__main__":
    main()
