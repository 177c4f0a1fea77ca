"""Opens the clinic as of a time in a sandbox, beside the running one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, Final

import psycopg2
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotBackUp, CannotRestore
from db.backups.log.archive import LogArchive
from db.backups.log.replay import add_log, find_place
from db.backups.log.segments import SEGMENT_BYTES, TimelineHistory
from db.backups.repository import Repository
from db.backups.sandbox import (
    ReplayTarget,
    Sandbox,
    SandboxName,
    room_for,
    unpacked,
)
from db.backups.sealing import SetSeal, require_objects, seal_of_chain
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from jobs.backups.routes import Route

_OWNER: Final = (
    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
)
# The timeline has just begun, so there is a history file.
_TIMELINE: Final = """
SELECT timeline_id,
    pg_read_file('pg_wal/' || lpad(upper(to_hex(timeline_id)), 8, '0') || '.history')
FROM pg_control_checkpoint()
"""


def require_whole(
    folder: DataFolder, repository: Repository, keys: FileKeys, route: Route
) -> SetSeal:
    """Return the seal of a route's set, having checked its objects and its bases'.

    Raises CannotRestore if there is no room for a sandbox, and SetBroken.
    """
    chain = repository.survey().chain_of(route.manifest)
    room = room_for(chain) + len(route.segments) * SEGMENT_BYTES
    try:
        repository.require_room(folder.path, room, "the sandbox")
    except CannotBackUp as error:
        raise CannotRestore(str(error)) from error
    seal = seal_of_chain(chain, keys)
    for each in () if route.is_read else chain:
        require_objects(repository.set_folder(each.set_id), each)
    return seal


@contextmanager
def opened(
    folder: DataFolder,
    repository: Repository,
    archive: LogArchive,
    route: Route,
    seal: SetSeal,
    *,
    name: SandboxName = SandboxName.LOOK,
) -> Iterator[str]:
    """Bring a set along a route in a sandbox of this name; yield its address.

    Replay is paused there; the sandbox takes no writes, and is removed afterwards.
    """
    manifest, binaries = route.manifest, programs.find(folder.path)
    objects = repository.set_folder(manifest.set_id)
    with unpacked(folder, binaries, seal, objects, name=name) as sandbox:
        sandbox.verify()
        target = target_of(sandbox, archive, route)
        with sandbox.started(manifest.database, target) as url:
            yield url


def target_of(sandbox: Sandbox, archive: LogArchive, route: Route) -> ReplayTarget:
    """Add a route's log to an unpacked set; return where replay is to stop."""
    if route.to is None:
        return ReplayTarget.of(route.manifest)
    add_log(sandbox, archive, route.history, route.pieces)
    if route.place is not None:
        return ReplayTarget(route.place, route.history.timeline)
    return find_place(
        sandbox,
        route.manifest,
        route.history,
        route.pieces,
        route.to,
        fork=route.fork,
    )


@contextmanager
def served(
    folder: DataFolder, sandbox: Sandbox, database: str, name: str
) -> Iterator[int]:
    """Let Chartroom alone read from an up-to-date sandbox; yield its port.

    Its application name is `name`.
    """
    login = database_roles.APP
    with sandbox.serving(
        database, login=login, password=folder.secrets()[login], name=name
    ) as port:
        yield port


@contextmanager
def reading(url: str) -> Iterator[Session]:
    """Read from a sandbox."""
    engine = create_engine(
        "postgresql+psycopg2://", creator=partial(psycopg2.connect, url)
    )
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


@contextmanager
def owning(url: str) -> Iterator[tuple[Any, TimelineHistory]]:
    """Connect as the owner of the schema; yield the engine and the timeline history.

    What was written is on disk afterwards, as far as PostgreSQL knows.
    """
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute(_TIMELINE)
            timeline, text = cursor.fetchone() or (0, "")
            history = TimelineHistory.parse(timeline, text)
            cursor.execute(_OWNER)
            owner = (cursor.fetchone() or ("",))[0]
            engine = create_engine(
                "postgresql+psycopg2://", creator=partial(_as_owner, url, owner)
            )
            try:
                yield engine, history
            finally:
                engine.dispose()
            cursor.execute("CHECKPOINT")


def _as_owner(url: str, owner: str) -> Any:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, false)", [owner])
    connection.commit()
    return connection
