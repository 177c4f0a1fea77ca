"""How long each step of something takes that calls the steps itself."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from inspect import isgeneratorfunction, unwrap
from threading import get_ident
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True, slots=True)
class Step:
    """A function of a module, or a method of a class, and the name of its stage."""

    owner: Any
    function: str
    stage: str


@dataclass
class Stages:
    """The seconds of each stage, without those of stages within it.

    Of a context manager, such as a sandbox, only entering counts. `ended` has the time
    when a stage was last over.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    ended: dict[str, float] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=lambda: [0.0])
    _thread: int = field(default_factory=get_ident)

    @contextmanager
    def watching(self, *steps: Step) -> Iterator[None]:
        """Time the steps within the block."""
        with ExitStack() as held:
            for step in steps:
                was = getattr(step.owner, step.function)
                timed = self._timed(step.stage, was)
                held.enter_context(patch.object(step.owner, step.function, timed))
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block; other threads' work meanwhile is not counted."""
        if get_ident() != self._thread:
            yield
            return
        began = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self.seconds[name] += took - self._inner.pop()
            self._inner[-1] += took
            self.ended[name] = time.perf_counter()

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        # Made by `contextmanager`. Other results that could be entered, such as paths,
        # are not.
        is_entered = isgeneratorfunction(unwrap(function))

        @wraps(function)
        def timed(*words: Any, **more: Any) -> Any:
            with self.stage(name):
                result = function(*words, **more)
            return self._entering(name, result) if is_entered else result

        return timed

    @contextmanager
    def _entering(
        self, name: str, entered: AbstractContextManager[Any]
    ) -> Iterator[Any]:
        with ExitStack() as held:
            with self.stage(name):
                value = held.enter_context(entered)
            yield value
