"""A cluster that is started again has everything that it had."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg2
import pytest
from pymongo import MongoClient

from db import embedded
from db.embedded import Cluster, Control
from tests.conftest import owner

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder that several starts share."""
    with TemporaryDirectory(prefix="chartroom-restart-") as folder:
        yield Path(folder)


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
    """Return the notes that PostgreSQL has and those that MongoDB has."""
    with closing(psycopg2.connect(owner(cluster.endpoints))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT note FROM notes")
        rows = {note for (note,) in cursor}
    with MongoClient[dict[str, str]](cluster.endpoints.mongo_url) as client:
        return rows, {found["note"] for found in client.chartroom.notes.find()}


def test_everything_is_there_after_a_stop_and_nothing_runs_in_between(data: Path):
    first = embedded.start(data)
    note = str(uuid4())
    try:
        write(first, note)
        control = Control.of(first.endpoints)
        assert control is not None
        late = control.add_replica(delayed_seconds=900)
        first.wait_until_whole()
    finally:
        first.stop()

    assert first.processes() == []
    assert embedded.running(data) is None

    second = embedded.start(data)
    try:
        assert second.endpoints.database_url == first.endpoints.database_url
        assert second.endpoints.control_key != first.endpoints.control_key
        assert second.endpoints.delayed_urls == first.endpoints.delayed_urls
        assert second.node(late).delayed_seconds == 900
        second.wait_until_whole()
        assert read(second) == ({note}, {note})
    finally:
        second.stop()


def test_taken_ports_are_replaced_and_every_part_copes(data: Path):
    note = str(uuid4())
    with ExitStack() as strangers:
        before = embedded.DataFolder(data).ports()
        for port in before.values():
            strangers.enter_context(socket.create_server(("127.0.0.1", port)))

        moved = embedded.start(data)
        try:
            moved.wait_until_whole()
            write(moved, note)
            rows, documents = read(moved)
        finally:
            moved.stop()

    assert not set(before.values()) & set(moved.addresses.ports.values())
    assert note in rows
    assert note in documents
    assert len(rows) == len(documents) == 2
