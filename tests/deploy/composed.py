"""Services of docker-compose.yml as processes of this machine.

The file's command, variables and secrets are used unchanged. Only what belongs to a
container is replaced: names and ports, and the folder /data.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from db.embedded.processes.programs import find
from tests.browser.running import free_port
from tests.kit.waiting import eventually

ROOT = Path(__file__).parents[2]
# Newer than the embedded one, which takes its place here.
_ETCD = "/opt/etcd/etcd"
_SECONDS = 90
_ANY = "0.0.0.0"  # noqa: S104 - what containers listen on


class Ended(Exception):
    """A service ended instead of answering; the message is its output."""


@dataclass(frozen=True)
class Machine:
    """A folder in which services run, and the ports assigned to them."""

    folder: Path
    secrets: Path
    services: Mapping[str, Any]
    ports: dict[tuple[str, int], int]
    nodes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def port(self, service: str, inside: int) -> int:
        """Return the port at which a service's port can be reached."""
        return self.ports.setdefault((service, inside), free_port())

    def data(self, service: str) -> Path:
        """Return the folder that a service has as /data."""
        folder = self.folder / service
        folder.mkdir(exist_ok=True)
        # Some of them run as nobody here, and as Chartroom's user in a container.
        folder.chmod(0o777)
        return folder

    def environment(self, service: str) -> dict[str, str]:
        """Return the variables of a service."""
        said = self.services[service].get("environment", {})
        return {name: self._here(service, value) for name, value in said.items()}

    def _here(self, service: str, value: str) -> str:
        # In Compose, two dollar signs stand for one.
        value = value.replace("$$", "$").replace("/data", str(self.data(service)))
        for (name, inside), port in self.ports.items():
            value = value.replace(f"{name}:{inside}", f"127.0.0.1:{port}")
            if name == service:
                value = value.replace(f"{_ANY}:{inside}", f"127.0.0.1:{port}")
        return value

    def _command(self, service: str) -> list[str]:
        command: list[str] = self.services[service]["command"]
        return command

    @contextmanager
    def running(self, service: str, **also: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a service as an ordinary user until the block ends."""
        here = find(self.folder)
        said = [word.replace(_ETCD, str(here.etcd)) for word in self._command(service)]
        command = ["python", "deploy/entry.py", *said]
        log = self.folder / f"{service}.log"
        variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SECRETS": str(self.secrets),
            **here.environment,
            **self.environment(service),
            **also,
        }
        variables["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*here.prefix, *command],
                cwd=ROOT,
                env=variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    @contextmanager
    def running_node(self, node: str, **also: str) -> Iterator[None]:
        """Run a node until the block ends, with the paths of a container replaced.

        Raises Ended if it ends before Patroni answers.
        """
        data = self.data(node)
        listening = f"127.0.0.1:{self.port(node, 5432)}"
        places = {
            "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{self.port(node, 8008)}",
            "PATRONI_POSTGRESQL_LISTEN": listening,
            "PATRONI_POSTGRESQL_BIN_DIR": str(find(self.folder).postgres.parent),
            "PATRONI_POSTGRESQL_DATA_DIR": str(data / "postgres"),
            "PATRONI_POSTGRESQL_PGPASS": str(data / "pgpass"),
            "TMPDIR": str(data),
            "OTHER_SITE_ADDRESS": "",
        }
        with self.running(node, **places | also) as process:
            self.nodes.append(process)
            self.await_answer(node, 8008, "/health", process)
            try:
                yield
            finally:
                # All of them at once, since each takes a while.
                for each in self.nodes:
                    each.terminate()

    def ask(self, service: str, inside: int, path: str) -> Any:
        """Return a service's answer by HTTP."""
        address = f"http://127.0.0.1:{self.port(service, inside)}{path}"
        with urlopen(address, timeout=5) as answer:
            return json.load(answer)

    def await_answer(
        self,
        service: str,
        inside: int,
        path: str,
        process: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        """Wait until a service answers; fail with the end of its log.

        Raises Ended if the process that should answer ends.
        """

        def unanswered() -> str:
            ended = process is not None and process.poll() is not None
            try:
                self.ask(service, inside, path)
            except OSError:
                log = (self.folder / f"{service}.log").read_text()[-3000:]
                if ended:
                    raise Ended(log) from None
                return log or "It has said nothing."
            return ""

        eventually(unanswered, lambda log: not log, seconds=_SECONDS)
