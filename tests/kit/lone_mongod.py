"""A single mongod, run with the options of the embedded one or with others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from db.embedded.data_folder import DataFolder
from db.embedded.processes.child_processes import wait_for
from db.embedded.processes.programs import find
from db.embedded.servers import mongo
from db.embedded.servers.mongo import Mongo
from tests.browser.running import free_port

_COMPRESSORS = "--networkMessageCompressors"


@contextmanager
def as_embedded(folder: Path) -> Iterator[int]:
    """Run it as Chartroom does, and yield its port."""
    with _running(folder, lambda command: command) as port:
        yield port


@contextmanager
def compressing(folder: Path, compressors: str | None = None) -> Iterator[int]:
    """Run it with these compressors, or with its defaults, and yield its port."""
    said = (f"{_COMPRESSORS}={compressors}",) if compressors else ()

    def change_command(command):
        return (*(w for w in command if not w.startswith(_COMPRESSORS)), *said)

    with _running(folder, change_command) as port:
        yield port


@contextmanager
def _running(folder, change_command):
    data, port = DataFolder(folder), free_port()
    data.prepare()
    program = mongo.program(find(data.path), data, port, "k" * 40)
    program = replace(program, command=change_command(program.command))
    program.start()
    try:
        wait_for(Mongo(port, "", "", "", "").is_up, [program], seconds=60)
        yield port
    finally:
        program.kill()
