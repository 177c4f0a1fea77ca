"""The PostgreSQL nodes: each one a PostgreSQL with the Patroni in charge of it."""

import json
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from db import json_http
from db.embedded.data_folder import DataFolder
from db.embedded.processes import child_processes, killing
from db.embedded.processes.child_processes import Program
from db.embedded.processes.programs import Programs
from db.embedded.servers.configuration import configuration
from db.embedded.servers.membership import Member
from db.json_http import JsonAnswer

# The memory in which a statement was planned goes back to the operating system when it
# ends, if it is more than 128 kB, and is allocated again, page by page, for the next
# one. A megabyte may stay with each connection (mallopt(3): setting one of the two
# fixes the other).
_KEPT_BETWEEN_STATEMENTS: Final = {
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
}

# The line of postmaster.pid with the data directory, counted from zero.
_DIRECTORY_LINE: Final = 1


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a node's Patroni reports of its PostgreSQL, all from one answer.

    `is_running`: it answers queries. `is_primary`: it takes writes and the leader key
    is held. `receivers` are the names of the servers to which it is streaming its log.
    """

    is_running: bool = False
    is_primary: bool = False
    receivers: frozenset[str] = frozenset()


@dataclass(slots=True)
class Node:
    """One PostgreSQL node, by name; `patroni` is the process in charge of it."""

    name: str
    port: int
    api_port: int
    data: Path
    patroni: Program = field(repr=False)
    api_password: str = field(repr=False)
    delayed_seconds: int | None = None

    @property
    def is_delayed(self) -> bool:
        """Whether the node lags on purpose, and never leads."""
        return self.delayed_seconds is not None

    def postmaster(self) -> psutil.Process | None:
        """Return the PostgreSQL server process, if it runs."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(killing.recorded_pid(self.data))
            # The file outlives a killed server, and its process id may have been
            # reused.
            if str(self.data) in process.cmdline() and process.is_running():
                return process
        return None

    @property
    def has_crashed(self) -> bool:
        """Whether PostgreSQL ended abruptly; a clean stop deletes its pid file."""
        try:
            return killing.recorded_pid(self.data) > 0 and self.postmaster() is None
        except (OSError, ValueError, IndexError):
            return False

    def forget_original(self) -> None:
        """Delete the pid file of a server whose running data directory was copied here.

        Patroni would take the original, which may still run, for this node's server: it
        would never start this one, and might stop that one.
        """
        pid_file = self.data / "postmaster.pid"
        with suppress(OSError, IndexError):
            if pid_file.read_text().splitlines()[_DIRECTORY_LINE] != str(self.data):
                pid_file.unlink()

    def servers(self) -> list[psutil.Process]:
        """Return all of PostgreSQL's processes, as far as they are known."""
        return killing.family(self.data, self.postmaster())

    def family(self) -> list[psutil.Process]:
        """Return Patroni's process and all of PostgreSQL's."""
        processes = self.servers()
        with suppress(psutil.Error):
            if self.patroni.process is not None:
                processes.append(psutil.Process(self.patroni.process.pid))
        return processes

    def answers(self, path: str) -> bool:
        """Return whether Patroni answers this question with yes."""
        answer = self.ask(path, timeout_seconds=2.0)
        return answer is not None and answer.is_ok

    @property
    def is_leader(self) -> bool:
        """Whether the node holds the leader key; its promotion may be under way."""
        return self.answers("/leader")

    @property
    def is_primary(self) -> bool:
        """Whether the node leads: PostgreSQL takes writes, the leader key is held."""
        return self.status().is_primary

    def status(self) -> NodeStatus:
        """Return Patroni's report on PostgreSQL; all false without an answer."""
        # Whether or not it leads, Patroni adds all that it knows to its answer.
        answer = self.ask("/primary")
        if answer is None or not isinstance(answer.body, dict):
            return NodeStatus()
        return NodeStatus(
            is_running=answer.body.get("state") == "running",
            # Patroni says yes as soon as it has the key, before PostgreSQL is promoted.
            is_primary=answer.is_ok and answer.body.get("role") == "primary",
            receivers=frozenset(
                sender["application_name"]
                for sender in answer.body.get("replication", [])
                if sender["state"] == "streaming"
            ),
        )

    @property
    def is_standby_leader(self) -> bool:
        """Whether the node leads a site that follows another one."""
        return self.answers("/standby-leader")

    @property
    def is_replica(self) -> bool:
        """Whether the node follows the primary and answers reads."""
        return self.answers("/replica")

    @property
    def is_streaming(self) -> bool:
        """Whether the node is a replica and receives the log as it is written."""
        return self.report("/replica").get("replication_state") == "streaming"

    def ask(self, path: str, *, timeout_seconds: float = 2.0) -> JsonAnswer | None:
        """Return Patroni's answer to a question."""
        return json_http.ask("GET", self._url(path), timeout_seconds=timeout_seconds)

    def report(self, path: str, *, timeout_seconds: float = 2.0) -> dict[str, Any]:
        """Return Patroni's report if its answer is yes, and nothing otherwise.

        Nothing, too, if it died in the middle of its answer: that is then no valid
        JSON.
        """
        answer = self.ask(path, timeout_seconds=timeout_seconds)
        if answer is None or not answer.is_ok or not isinstance(answer.body, dict):
            return {}
        return answer.body

    def command(
        self, path: str, body: dict[str, Any], *, method: str = "POST"
    ) -> JsonAnswer | None:
        """Send Patroni a command, which needs the password."""
        return json_http.ask(
            method,
            self._url(path),
            body=body,
            login=("chartroom", self.api_password),
            timeout_seconds=60,
        )

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.api_port}{path}"

    def reload(self) -> None:
        """Have Patroni, if it runs, read its configuration again."""
        if self.patroni.process is not None and self.patroni.is_running:
            self.patroni.process.send_signal(signal.SIGHUP)

    def kill(self) -> bool:
        """Kill Patroni and PostgreSQL at once, as a power cut would.

        Returns whether they are certain to be gone, for letting another node lead.
        """
        # Patroni first: it would start PostgreSQL again. Then any other Patroni that
        # somebody has started for this node.
        self.patroni.kill()
        strangers = child_processes.find(self.patroni.config_path)
        return child_processes.kill(strangers) and killing.end(
            self.data, self.postmaster()
        )

    def finish_rewinding(self, seconds: float) -> None:
        """Wait while pg_rewind works: interrupted, it leaves data that cannot start."""
        with suppress(psutil.Error):
            process = self.patroni.process
            family = psutil.Process(process.pid).children() if process else []
            busy = [child for child in family if child.name() == "pg_rewind"]
            child_processes.await_end(busy, seconds)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes nodes, and writes their configurations."""

    programs: Programs
    folder: DataFolder
    secrets: dict[str, str] = field(repr=False)
    standby_cluster: Mapping[str, Any] | None = None

    def build(self, member: Member, ports: dict[str, int]) -> Node:
        """Return a node, configured and ready to be started."""
        name = member.name
        self.configure(member, ports)
        patroni = Program(
            name,
            (*self.programs.prefix, *self.programs.patroni(self.config_of(name))),
            # initdb gets the administrator's password in a temporary file. If Patroni
            # is killed just then, the file remains, and it must not be outside the
            # folder.
            self.programs.environment
            | _KEPT_BETWEEN_STATEMENTS
            | {"TMPDIR": str(self.folder.postgres)},
            self.folder.postgres,
            self.folder.log(name),
        )
        return Node(
            name,
            ports[name],
            ports[f"{name}-api"],
            self.folder.node_data(name),
            patroni,
            self.secrets["patroni_api"],
            member.delayed_seconds,
        )

    def configure(
        self, member: Member, ports: dict[str, int], *, is_paused: bool = False
    ) -> None:
        """Write a node's configuration; a running node has to `reload` it."""
        settings = configuration(
            member,
            self.programs,
            self.folder,
            ports,
            self.secrets,
            is_paused=is_paused,
            standby_cluster=self.standby_cluster,
        )
        # JSON is valid YAML, and unambiguous.
        self.folder.write(self.config_of(member.name), json.dumps(settings, indent=1))

    def config_of(self, name: str) -> Path:
        """Return where a node's configuration is kept."""
        return self.folder.postgres / f"{name}.yml"
