"""The settings of Patroni and PostgreSQL on each node of the embedded cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from db.embedded.data_folder import DataFolder
from db.embedded.processes.cores import count_usable_cores
from db.embedded.processes.programs import Programs
from db.embedded.servers.etcd import SCOPE
from db.embedded.servers.etcd_certificate import EtcdCertificate
from db.embedded.servers.membership import Member

# Patroni's settings are those that DESIGN measured: 2.4 s for a crashed primary, and no
# acknowledged write lost, because a commit waits for one replica of two.
DYNAMIC: Final[dict[str, Any]] = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "primary_start_timeout": 0,
    "maximum_lag_on_failover": 16_777_216,
    "synchronous_mode": "quorum",
    # Without etcd the primary goes on, as long as every other member answers it.
    "failsafe_mode": True,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "max_connections": 200,
            "max_wal_senders": 20,
            "max_replication_slots": 20,
            "max_worker_processes": 8,
            "wal_level": "replica",
            "wal_log_hints": "on",
            "hot_standby": "on",
        },
    },
}
PARAMETERS: Final[dict[str, Any]] = {
    # No socket file: its path would exceed the permitted 107 bytes in many a data
    # folder, and its directory would be one more thing to protect.
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
    # Which pages changed, for incremental backups: on every server, since any may lead.
    # Kept for longer than the longest time between two full backups, and the next.
    "summarize_wal": "on",
    "wal_summary_keep_time": "36d",
    # A long-running list on a replica is not cancelled because the primary cleaned up.
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "track_io_timing": "on",
    # What statements cost, by their shape. Utility statements have no shape: their
    # texts are kept as they came, values included.
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": 2000,
    "pg_stat_statements.track_utility": "off",
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


# PostgreSQL fills a new WAL segment with zeros, so that its disk space is allocated
# before a commit waits for it. Memory needs no such allocation, and copy-on-write file
# systems write elsewhere.
_NO_ZERO_FILL: Final[dict[str, str]] = {"wal_init_zero": "off"}
_NOTHING_RESERVED_ON: Final = {"tmpfs", "btrfs", "zfs"}

# Workers that help with one statement, in addition to the process that runs it.
_MOST_PARALLEL_WORKERS: Final = 2

# A delayed standby never leads, and no commit or balancer counts on it.
_DELAYED_TAGS: Final = {"nofailover": True, "nosync": True, "noloadbalance": True}
# The others may clean up what it still shows: otherwise they would have to keep it all.
_DELAYED_PARAMETERS: Final = {"hot_standby_feedback": "off"}
# The longest delay that PostgreSQL accepts, in whole days.
PAUSE_DAYS: Final = 24


def configuration(
    member: Member,
    programs: Programs,
    folder: DataFolder,
    ports: dict[str, int],
    secrets: dict[str, str],
    *,
    is_paused: bool = False,
    standby_cluster: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a node's configuration; while paused it receives and does not replay.

    A cluster that is founded with a `standby_cluster` follows another one.
    """
    name = member.name
    api = f"127.0.0.1:{ports[f'{name}-api']}"
    certificate = EtcdCertificate.of(folder)
    return {
        "scope": SCOPE,
        "name": name,
        "restapi": {
            "listen": api,
            "connect_address": api,
            # Reading needs no password, as health checks require; switching over does.
            "authentication": {
                "username": "chartroom",
                "password": secrets["patroni_api"],
            },
        },
        "etcd3": {
            "host": f"127.0.0.1:{ports['etcd']}",
            "protocol": "https",
            "cacert": str(certificate.file),
            "cert": str(certificate.file),
            "key": str(certificate.key),
            "username": "root",
            "password": secrets["etcd"],
        },
        "bootstrap": {
            "dcs": DYNAMIC
            | ({"standby_cluster": standby_cluster} if standby_cluster else {}),
            "initdb": [
                {"encoding": "UTF8"},
                {"locale-provider": "builtin"},
                {"builtin-locale": "C.UTF-8"},
                {"locale": "C"},
                {"auth": "scram-sha-256"},
                "data-checksums",
            ],
        },
        "postgresql": _postgresql(member, folder, f"127.0.0.1:{ports[name]}", secrets)
        | {
            "bin_dir": str(programs.postgres.parent),
            "recovery_conf": _recovery(member, is_paused=is_paused),
        },
        "tags": _DELAYED_TAGS if member.is_delayed else {},
        "log": {"level": "INFO", "deduplicate_heartbeat_logs": True},
    }


def _postgresql(
    member: Member, folder: DataFolder, address: str, secrets: dict[str, str]
) -> dict[str, Any]:
    name = member.name
    return {
        "listen": address,
        "connect_address": address,
        "data_dir": str(folder.node_data(name)),
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
        | _parameters_on(folder.path)
        | {"max_parallel_workers_per_gather": _parallel_workers()}
        | {"log_directory": str(folder.logs), "log_filename": f"{name}-%a.log"}
        | (_DELAYED_PARAMETERS if member.is_delayed else {}),
        "pg_hba": [
            "host replication replicator 127.0.0.1/32 scram-sha-256",
            "host all all 127.0.0.1/32 scram-sha-256",
        ],
        # A copy need not wait for the primary's next spread checkpoint.
        "basebackup": [{"checkpoint": "fast"}],
    }


def _parallel_workers() -> int:
    # With the process that runs a statement they take half of the cores at most:
    # otherwise an analyst's count would make the front desk wait for a core.
    return min(_MOST_PARALLEL_WORKERS, max(0, count_usable_cores() // 2 - 1))


def _recovery(member: Member, *, is_paused: bool) -> dict[str, str]:
    # Patroni resumes what pg_wal_replay_pause() has paused within a second. It respects
    # a delay, which PostgreSQL ignores once the node is promoted.
    if is_paused:
        return {"recovery_min_apply_delay": f"{PAUSE_DAYS}d"}
    if member.is_delayed:
        return {"recovery_min_apply_delay": f"{member.delayed_seconds}s"}
    return {}


def _parameters_on(path: Path) -> dict[str, str]:
    mounts = {
        Path(mount.mountpoint): mount.fstype
        for mount in psutil.disk_partitions(all=True)
    }
    place = next((p for p in (path, *path.parents) if p in mounts), None)
    return _NO_ZERO_FILL if place and mounts[place] in _NOTHING_RESERVED_ON else {}
