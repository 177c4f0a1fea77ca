"""Separate processes that take one command per line, and answer each with a line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from db.endpoints import Endpoints
from services.core.actors import Actor
from tests.kit import cast

_ROOT: Final = Path(__file__).parents[2]
_GIVEN: Final = "CHARTROOM_TEST_GIVEN"


@contextmanager
def commanded(
    module: str, endpoints: Endpoints, clerk: Actor, **given: str | None
) -> Iterator[Callable[..., Any]]:
    """Run the module; yield a function that sends a command and returns the answer."""
    whole = {"endpoints": asdict(endpoints), "clerk": str(clerk.id), **given}
    with subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, _GIVEN: json.dumps(whole)},
    ) as process:
        commands, answers = process.stdin, process.stdout
        assert commands is not None
        assert answers is not None

        def tell(*words: str) -> Any:
            commands.write(" ".join(words) + "\n")
            commands.flush()
            return json.loads(answers.readline())

        try:
            # Its first line means that it is ready.
            answers.readline()
            yield tell
        finally:
            commands.close()


def given() -> tuple[Endpoints, Actor, dict[str, Any]]:
    """Return, in such a process, its endpoints, its clerk and its other arguments."""
    whole = json.loads(os.environ[_GIVEN])
    clerk = cast.act_as(cast.CLEO, UUID(whole.pop("clerk")))
    return Endpoints(**whole.pop("endpoints")), clerk, whole


def serve(commands: object) -> None:
    """Run the commands that arrive in such a process as methods of this object."""
    _say("ready")
    for line in sys.stdin:
        command, *words = line.split()
        _say(getattr(commands, command)(*words))


def _say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
