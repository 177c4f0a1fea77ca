"""Runs a server's PostgreSQL by hand, as somebody would who knows no Patroni."""

import subprocess

from db.embedded import Cluster, Node
from db.embedded.processes import programs

# Unlike Patroni: no write waits for a replica, and the server writes no log of its own.
_SET = (
    "-c synchronous_standby_names= -c primary_conninfo= -c logging_collector=off "
    "-c unix_socket_directories= -c listen_addresses=127.0.0.1"
)


def start(cluster: Cluster, node: Node) -> None:
    """Start a server whose Patroni is dead, and wait until it answers."""
    log, options = node.data / "by-hand.log", f"-p {node.port} {_SET}"
    log.unlink(missing_ok=True)
    try:
        _pg_ctl(cluster, node, "start", "-l", str(log), "-o", options)
    except subprocess.CalledProcessError as failure:
        failure.add_note(log.read_text())
        raise


def promote(cluster: Cluster, node: Node) -> None:
    """Promote a server that was started by hand."""
    _pg_ctl(cluster, node, "promote")


def crash(cluster: Cluster, node: Node) -> None:
    """Stop a server at once, without a clean shutdown."""
    _pg_ctl(cluster, node, "stop", "-m", "immediate")


def _pg_ctl(cluster: Cluster, node: Node, action: str, *words: str) -> None:
    installed = programs.find(cluster.folder.path)
    program = str(installed.postgres.with_name("pg_ctl"))
    command = (program, action, "-D", str(node.data), "-w", *words)
    # The output is not piped: the server inherits it, so it would not end with pg_ctl.
    subprocess.run([*installed.prefix, *command], check=True, stdout=subprocess.DEVNULL)
