"""Processes of their own that do what a line tells them, and answer with a line."""

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
    """Run the module; yield what tells it a command and returns its answer."""
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
            # It has begun once it says anything.
            answers.readline()
            yield tell
        finally:
            commands.close()


def given() -> tuple[Endpoints, Actor, dict[str, Any]]:
    """Return, in such a process, its servers, its clerk and what else it was given."""
    whole = json.loads(os.environ[_GIVEN])
    clerk = cast.act_as(cast.CLEO, UUID(whole.pop("clerk")))
    return Endpoints(**whole.pop("endpoints")), clerk, whole


def serve(commands: object) -> None:
    """Do in such a process what it is told, by the methods of this, until the end."""
    _say("ready")
    for line in sys.stdin:
        command, *words = line.split()
        _say(getattr(commands, command)(*words))


def _say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
