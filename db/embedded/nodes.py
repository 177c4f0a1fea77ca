"""The PostgreSQL nodes: each one a PostgreSQL with the Patroni that looks after it."""

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from db.embedded import http, processes
from db.embedded.etcd import SCOPE
from db.embedded.folder import NODE_NAMES, DataFolder
from db.embedded.processes import Program
from db.embedded.programs import Programs

# Patroni's settings are the ones that DESIGN measured: 2.4 s for a crashed primary,
# and no acknowledged write lost, because a commit waits for one replica of two.
DYNAMIC: Final[dict[str, Any]] = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "primary_start_timeout": 0,
    "maximum_lag_on_failover": 16_777_216,
    "synchronous_mode": "quorum",
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "max_connections": 200,
            "max_wal_senders": 10,
            "max_replication_slots": 10,
            "max_worker_processes": 8,
            "wal_level": "replica",
            "wal_log_hints": "on",
            "hot_standby": "on",
        },
    },
}
PARAMETERS: Final[dict[str, Any]] = {
    # No socket file: its path would be longer than the 107 bytes that are allowed in
    # many a data folder, and its directory one more thing to protect.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": 1.1,
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # A replica that stays away must not fill the primary's disk for ever.
    "max_slot_wal_keep_size": "4GB",
    # A long list on a replica is not cancelled because the primary cleaned up.
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "track_io_timing": "on",
    "timezone": "UTC",
    # Health data stays out of the log: no statement texts, no values of a violated
    # constraint (they are in the DETAIL that terse leaves out), no parameters.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": 0,
    "log_parameter_max_length": 0,
    "logging_collector": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": 0,
    "log_truncate_on_rotation": "on",
    "log_file_mode": "0600",
}


@dataclass(slots=True)
class Node:
    """One PostgreSQL node, by name; `patroni` is the process that looks after it."""

    name: str
    port: int
    api_port: int
    data: Path
    patroni: Program = field(repr=False)
    api_password: str = field(repr=False)

    def postmaster(self) -> psutil.Process | None:
        """Return the PostgreSQL server process, if it runs."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            # The file outlives a killed server, and its number may be another's now.
            if str(self.data) in process.cmdline() and process.is_running():
                return process
        return None

    def answers(self, path: str, *, timeout_seconds: float = 2.0) -> bool:
        """Tell whether Patroni answers this question with yes."""
        answer = self.ask(path, timeout_seconds=timeout_seconds)
        return answer is not None and answer.status == http.OK

    @property
    def is_primary(self) -> bool:
        """Whether it leads: PostgreSQL takes writes and the leader key is held."""
        return self.answers("/primary")

    @property
    def is_replica(self) -> bool:
        """Whether it follows the primary and answers readers."""
        return self.answers("/replica")

    def ask(self, path: str, *, timeout_seconds: float = 2.0) -> http.Answer | None:
        """Return Patroni's answer to a question."""
        return http.call(self.api_port, "GET", path, timeout_seconds=timeout_seconds)

    def command(self, path: str, body: dict[str, Any]) -> http.Answer | None:
        """Have Patroni do something, as only holders of the password may."""
        credentials = base64.b64encode(f"chartroom:{self.api_password}".encode())
        return http.call(
            self.api_port,
            "POST",
            path,
            body=body,
            headers={"Authorization": f"Basic {credentials.decode()}"},
            timeout_seconds=60,
        )

    def kill(self) -> bool:
        """End Patroni and PostgreSQL at once, as a power cut would.

        Tells whether they are certain to be gone, for who lets another node lead.
        """
        # Patroni first: it would start PostgreSQL again.
        self.patroni.kill()
        family = processes.find(self.data)
        if postmaster := self.postmaster():
            with suppress(psutil.Error):
                family += postmaster.children(recursive=True)
        return processes.kill(family)

    def finish_rewinding(self, seconds: float) -> None:
        """Wait while pg_rewind works: half done, it leaves nothing that starts."""
        with suppress(psutil.Error):
            process = self.patroni.process
            family = psutil.Process(process.pid).children() if process else []
            busy = [child for child in family if child.name() == "pg_rewind"]
            processes.await_end(busy, seconds)


def build(
    programs: Programs,
    folder: DataFolder,
    ports: dict[str, int],
    secrets: dict[str, str],
) -> tuple[Node, ...]:
    """Return the nodes, configured and ready to be started."""
    nodes = []
    for name in NODE_NAMES:
        config = folder.postgres / f"{name}.yml"
        # JSON is YAML, and says exactly what was meant.
        folder.write(
            config,
            json.dumps(_config(name, programs, folder, ports, secrets), indent=1),
        )
        patroni = Program(
            name,
            (*programs.prefix, *programs.patroni(config)),
            # initdb gets the administrator's password in a temporary file. Killed
            # just then, Patroni leaves it, and it must not lie about outside.
            programs.environment | {"TMPDIR": str(folder.postgres)},
            folder.postgres,
            folder.log(name),
        )
        nodes.append(
            Node(
                name,
                ports[name],
                ports[f"{name}-api"],
                folder.node_data(name),
                patroni,
                secrets["patroni_api"],
            )
        )
    return tuple(nodes)


def _config(
    name: str,
    programs: Programs,
    folder: DataFolder,
    ports: dict[str, int],
    secrets: dict[str, str],
) -> dict[str, Any]:
    api = f"127.0.0.1:{ports[f'{name}-api']}"
    return {
        "scope": SCOPE,
        "name": name,
        "restapi": {
            "listen": api,
            "connect_address": api,
            # Reading is open, as health checks need; switching over is not.
            "authentication": {
                "username": "chartroom",
                "password": secrets["patroni_api"],
            },
        },
        "etcd3": {
            "host": f"127.0.0.1:{ports['etcd']}",
            "protocol": "http",
            "username": "root",
            "password": secrets["etcd"],
        },
        "bootstrap": {
            "dcs": DYNAMIC,
            "initdb": [
                {"encoding": "UTF8"},
                {"locale-provider": "builtin"},
                {"builtin-locale": "C.UTF-8"},
                {"locale": "C"},
                {"auth": "scram-sha-256"},
                "data-checksums",
            ],
        },
        "postgresql": {
            "listen": f"127.0.0.1:{ports[name]}",
            "connect_address": f"127.0.0.1:{ports[name]}",
            "data_dir": str(folder.node_data(name)),
            "bin_dir": str(programs.postgres.parent),
            "pgpass": str(folder.postgres / f"{name}.pgpass"),
            "authentication": {
                "superuser": {"username": "postgres", "password": secrets["postgres"]},
                "replication": {
                    "username": "replicator",
                    "password": secrets["replicator"],
                },
                "rewind": {"username": "rewind", "password": secrets["rewind"]},
            },
            "parameters": PARAMETERS
            | {"log_directory": str(folder.logs), "log_filename": f"{name}-%a.log"},
            "pg_hba": [
                "host replication replicator 127.0.0.1/32 scram-sha-256",
                "host all all 127.0.0.1/32 scram-sha-256",
            ],
            # A copy need not wait for the primary's next leisurely checkpoint.
            "basebackup": [{"checkpoint": "fast"}],
        },
        "log": {"level": "INFO", "deduplicate_heartbeat_logs": True},
    }
