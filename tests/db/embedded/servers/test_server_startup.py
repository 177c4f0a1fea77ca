"""A start that is broken off does not wait for what had begun beside it."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from db.embedded.processes.child_processes import Program, wait_for
from db.embedded.servers.server_startup import Servers


class InterruptedServers(Servers):
    """Servers of a standby site, whose MongoDB copies when Ctrl-C is pressed."""

    def __init__(self, mongod: Program) -> None:
        self._mongod = mongod
        self._etcd_program = SimpleNamespace(start=lambda: None)
        self._fleet = SimpleNamespace(addresses=SimpleNamespace(followed="the main"))

    def _begin_mongo(self) -> None:
        wait_for(lambda: False, [self._mongod], seconds=30)

    def _begin_etcd(self) -> NoReturn:
        raise KeyboardInterrupt


def test_a_start_that_is_interrupted_does_not_wait_for_mongodb(tmp_path: Path):
    """In a standby site, which copies all files first, that would take hours."""
    words, log = ("sleep", "600"), tmp_path / "mongod.log"
    mongod = Program("mongod", words, dict(os.environ), tmp_path, log)
    try:
        with pytest.raises(KeyboardInterrupt):
            InterruptedServers(mongod).begin(lambda _stage, _seconds: None)

        assert not mongod.is_running
    finally:
        mongod.kill()
