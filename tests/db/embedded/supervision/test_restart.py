"""A cluster that is started again has everything that it had."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg2
import pytest
from pymongo import MongoClient

from db import embedded
from db.cluster.control_client import Control
from db.embedded import Cluster
from tests.conftest import owner

pytestmark = pytest.mark.cluster


@dataclass
class Stopped:
    """A cluster that has run: its last state, and all of its notes."""

    cluster: Cluster
    data: Path
    delayed: str
    notes: set[str]


@pytest.fixture(scope="module")
def stopped() -> Iterator[Stopped]:
    """A cluster that is stopped, with a note in it."""
    with TemporaryDirectory(prefix="chartroom-restart-") as folder:
        cluster, note = embedded.start(Path(folder)), str(uuid4())
        try:
            write(cluster, note)
            control = Control.of(cluster.endpoints)
            assert control is not None
            delayed = control.add_replica(delayed_seconds=900)
            cluster.wait_until_whole()
        finally:
            cluster.stop()
        yield Stopped(cluster, Path(folder), delayed, {note})


def write(cluster: Cluster, note: str) -> None:
    """Write a note into PostgreSQL and into MongoDB, as Chartroom does."""
    with closing(psycopg2.connect(owner(cluster.endpoints))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
            cursor.execute("INSERT INTO notes VALUES (%s)", [note])
    with MongoClient[dict[str, str]](cluster.endpoints.mongo_url) as client:
        client.chartroom.notes.insert_one({"note": note})


def read(cluster: Cluster) -> tuple[set[str], set[str]]:
    """Return the notes in PostgreSQL and those in MongoDB."""
    with closing(psycopg2.connect(owner(cluster.endpoints))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT note FROM notes")
        rows = {note for (note,) in cursor}
    with MongoClient[dict[str, str]](cluster.endpoints.mongo_url) as client:
        return rows, {document["note"] for document in client.chartroom.notes.find()}


def test_everything_is_there_after_a_stop_and_nothing_runs_in_between(
    stopped: Stopped,
):
    assert stopped.cluster.processes() == []
    assert embedded.running(stopped.data) is None

    second = embedded.start(stopped.data)
    try:
        first = stopped.cluster
        assert second.endpoints.database_url == first.endpoints.database_url
        assert second.endpoints.control_key != first.endpoints.control_key
        assert second.endpoints.delayed_urls == first.endpoints.delayed_urls
        assert second.node(stopped.delayed).delayed_seconds == 900
        second.wait_until_whole()
        assert read(second) == (stopped.notes, stopped.notes)
    finally:
        second.stop()


def test_the_former_primary_leads_again(stopped: Stopped):
    """Whoever's Patroni was first led, so that most restarts had another primary."""
    leaders = []
    for start in range(3):
        cluster = embedded.start(stopped.data)
        try:
            primary = cluster.primary()
            cluster.wait_until_whole()
            assert primary is not None
            leaders.append(primary.name)
            if start == 0:
                others = (
                    node
                    for node in cluster.nodes
                    if not node.is_delayed and node is not primary
                )
                chosen = next(others).name
                cluster.switch_over(chosen)
                cluster.wait_until_whole()
        finally:
            cluster.stop()

    assert leaders[1:] == [chosen, chosen]


def test_taken_ports_are_replaced_and_every_part_copes(stopped: Stopped):
    note = str(uuid4())
    with ExitStack() as strangers:
        before = embedded.DataFolder(stopped.data).ports()
        for port in before.values():
            strangers.enter_context(socket.create_server(("127.0.0.1", port)))

        moved = embedded.start(stopped.data)
        try:
            moved.wait_until_whole()
            write(moved, note)
            stopped.cluster, stopped.notes = moved, stopped.notes | {note}
            notes = read(moved)
        finally:
            moved.stop()

    assert not set(before.values()) & set(moved.addresses.ports.values())
    assert notes == (stopped.notes, stopped.notes)
