"""Starts a tool and reads its answer, within a time limit."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from db.backups.tools.backup_tool import BackupTool

T = TypeVar("T")

# Barman's checks wait for PostgreSQL and for ssh, for 30 seconds at most each.
SECONDS: Final = 60.0
# A thousand backups are half a megabyte.
_MOST_BYTES: Final = 16_000_000


class ToolNotRead(Exception):
    """The state of the tool's backups could not be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's output and exit code."""

    text: bytes
    code: int


Ask = Callable[..., Answer]


def ask(tool: BackupTool, *arguments: str, seconds: float = SECONDS) -> Answer:
    """Start the tool with more arguments and wait for its end; raises ToolNotRead.

    Its output goes to a file: a process that it has started may outlive it, and would
    hold a pipe open.
    """
    program = tool.command[0]
    with tempfile.TemporaryFile() as written:
        try:
            process = subprocess.Popen(  # noqa: S603 - the administrator's own command
                [*tool.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ToolNotRead(
                f"There is no program {program} where the worker runs: name it with "
                "CHARTROOM_BACKUP_TOOL_COMMAND."
            ) from error
        except OSError as error:
            raise ToolNotRead(
                f"The program {program} cannot be started "
                f"({(error.strerror or str(error)).lower()}): see "
                "CHARTROOM_BACKUP_TOOL_COMMAND."
            ) from error
        code = _wait(process, tool, seconds)
        written.seek(0)
        text = written.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise unknown_answer(tool, "more than 16 MB")
    return Answer(text, code)


def _wait(process: "subprocess.Popen[bytes]", tool: BackupTool, seconds: float) -> int:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        # Whatever it has started is in its process group.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise ToolNotRead(
            f"{tool.label} did not answer within {seconds:g} seconds."
        ) from error


def _environment() -> dict[str, str]:
    """Return the part of our environment for the tool: none of our secrets."""
    known = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CHARTROOM_", "AWS_"))
    }
    return known | {"LC_ALL": "C"}


def read_json(tool: BackupTool, answer: Answer) -> Any:
    """Return the parsed JSON of an answer; raises ToolNotRead."""
    try:
        return json.loads(answer.text)
    except ValueError as error:
        if answer.code:
            raise ended(tool, answer) from error
        raise unknown_answer(tool, "not JSON") from error


def shaped(tool: BackupTool, value: object, shape: TypeAdapter[T]) -> T:
    """Return a part of an answer, validated; raises ToolNotRead."""
    try:
        return shape.validate_python(value)
    except ValidationError as error:
        where = error.errors(include_input=False)[0]["loc"]
        what = ".".join(map(str, where)) or type(value).__name__
        raise unknown_answer(tool, what) from error


def ended(tool: BackupTool, answer: Answer) -> ToolNotRead:
    """Return the error for a tool that ended without having reported anything.

    Its own message may name anything, and is left to whoever runs it by hand.
    """
    return ToolNotRead(
        f"{tool.label} ended with exit code {answer.code}: run it by hand, as the "
        "worker's user, to see why."
    )


def unknown_answer(tool: BackupTool, what: str) -> ToolNotRead:
    """Return the error for an answer of an unknown shape."""
    return ToolNotRead(
        f"{tool.label} answers in another way than Chartroom knows ({what})."
    )


def unknown_server(tool: BackupTool) -> ToolNotRead:
    """Return the error for a tool that does not know the clinic's servers."""
    return ToolNotRead(
        f"{tool.label} knows no {tool.server}: correct CHARTROOM_BACKUP_TOOL."
    )
