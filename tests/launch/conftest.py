"""Chartroom started as a person starts it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.launch.launcher import Launcher, sweep


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Makes launchers; what still runs when the test ends is killed."""
    made: list[Launcher] = []

    def make(
        data: Path | None = None, *options: str, **how: tuple[str, ...]
    ) -> Launcher:
        made.append(Launcher(data or tmp_path / "data", *options, **how))
        return made[-1]

    yield make
    for launcher in made:
        sweep(launcher)
