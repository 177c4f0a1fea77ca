"""Fixtures for all tests: a cluster, databases made from a template, people.

CHARTROOM_TEST_CLUSTER names the data folder of a running cluster to use instead of
starting one; tests that break things have their own in any case.
CHARTROOM_TEST_REPLAY_LAG lets the replicas of the started cluster replay only at this
interval in seconds: whoever reads what somebody else wrote has to wait for it.
"""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from _pytest.nodeid import NodeId
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from psycopg2 import sql
from psycopg2.extensions import parse_dsn
from pymongo import MongoClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from db import embedded, schema
from db.embedded import Addresses, Cluster
from db.embedded.servers import database_roles
from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from db.postgres import Database
from services.core.actors import Actor
from services.messaging.mail import SmtpMailer
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import acting, cast
from tests.kit.clusters import (
    BreakableCluster,
    SharedCluster,
    await_shared,
    await_whole,
    last_logged,
    shared_cluster,
)
from tests.kit.emptied_databases import EmptiedDatabases
from tests.kit.mailbox import Mailbox, mailer_to
from tests.kit.replicas import await_replicas
from tests.kit.scheduling import BrowserBesideOthers
from tests.kit.trusting import read_authorities_once
from tests.kit.waiting import eventually
from tests.kit.warm_workers import warm_workers

# On a busy machine anything can take seconds now and then: that is no failure.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")
# Nor is an answer that takes longer than httpx's default timeout, which is 5 seconds.
for _phase in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, _phase, 60.0)
read_authorities_once()


# The database with the newest schema, from which others are copied.
_NEWEST = "newest_schema"


class Databases:
    """Throw-away databases of one cluster, made and dropped by its administrator."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        url = addresses.primary_url("postgres", "postgres")
        # A cluster that has been running for long may be of an earlier version.
        database_roles.ensure_roles(url, addresses.secrets)
        self._engine = connect(url)
        self.mongo_url = addresses.mongo.admin_url
        # Nobody waits for a disk here either.
        self._mongo = MongoClient[dict[str, object]](self.mongo_url, w=1, journal=False)

    @contextmanager
    def fresh(self, template: str = "template1") -> Iterator[Endpoints]:
        """Make a database on every node, and drop it afterwards."""
        name = f"test_{uuid4().hex}"
        endpoints = self._make(name, template)
        try:
            yield endpoints
        finally:
            self._drop(name)
            self.drop_files(f"{name}_audit")

    def newest(self) -> str:
        """Return the name of a database with the newest schema and no rows.

        The first caller makes it for everybody who uses this cluster: going through all
        migrations takes fifteen times as long as a copy. It stays as long as the
        cluster.
        """
        making = f"{_NEWEST}_unfinished"
        url = self._addresses.primary_url("postgres", "postgres")
        with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
            server.autocommit = True
            # Others wait until there is one; the lock ends with the connection.
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", (_NEWEST,))
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (_NEWEST,))
            if cursor.fetchone() is None:
                # An earlier attempt may have been interrupted.
                self._drop(making)
                endpoints = self._make(making, "template1")
                eventually(lambda: self.is_everywhere(endpoints))
                bring_up_to_date(endpoints)
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                cursor.execute(rename.format(*map(sql.Identifier, (making, _NEWEST))))
                await_replicas(cursor)
        return _NEWEST

    def is_everywhere(self, endpoints: Endpoints) -> bool:
        """Return whether every server has a database."""
        name = parse_dsn(endpoints.database_url)["dbname"]
        for node in endpoints.replica_urls:
            url = self._addresses.node_url(node, "postgres", "postgres")
            with closing(psycopg2.connect(url)) as server, server.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    return False
        return True

    def empty_files(self, name: str) -> None:
        """Delete everything in a database of MongoDB; its indexes stay."""
        database = self._mongo[name]
        for collection in database.list_collection_names():
            database[collection].delete_many({})

    def drop_files(self, name: str) -> None:
        """Drop a database of MongoDB."""
        self._mongo.drop_database(name)

    @contextmanager
    def fresh_log(self) -> Iterator[AuditStore]:
        """Lend an empty audit log in a database of MongoDB, and drop it afterwards."""
        name = f"test_{uuid4().hex}"
        with closing(AuditStore(self.mongo_url.replace("/?", f"/{name}?"))) as store:
            yield store
        self.drop_files(name)

    @contextmanager
    def fresh_files(self, keys: FileKeys) -> Iterator[FileStore]:
        """Lend an empty file store, and drop it afterwards."""
        name = f"test_{uuid4().hex}"
        with closing(FileStore(self.mongo_url, name, keys=keys)) as store:
            yield store
        self.drop_files(name)

    def administrator_url(self, endpoints: Endpoints) -> str:
        """Return the libpq URL of the superuser for a database."""
        name = parse_dsn(endpoints.database_url)["dbname"]
        return self._addresses.primary_url("postgres", name)

    def let_go(self) -> None:
        """Close all connections to PostgreSQL: its servers are about to be broken."""
        self._engine.dispose()

    def close(self) -> None:
        """Disconnect from the servers."""
        self._engine.dispose()
        self._mongo.close()

    def _make(self, name: str, template: str) -> Endpoints:
        # Faster than writing every page to the log, where nobody waits for a disk.
        create = sql.SQL(
            "CREATE DATABASE {} OWNER chartroom TEMPLATE {} STRATEGY file_copy"
        )
        self._execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        own = self._addresses.endpoints_of(name)
        return replace(own, audit_url=self._audit_url(name))

    def _drop(self, name: str) -> None:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(drop.format(sql.Identifier(name)))

    def _audit_url(self, name: str) -> str:
        # An audit log of its own: one chain belongs to one database. The real login has
        # no rights there; tests/db/audit/test_audit_access.py tests those.
        return self.mongo_url.replace("/?", f"/{name}_audit?")

    def _execute(self, statement: sql.Composed) -> None:
        with self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            with connection.connection.cursor() as cursor:
                cursor.execute(statement)
                await_replicas(cursor)


@contextmanager
def fresh_database(
    addresses: Addresses, *, has_schema: bool = True
) -> Iterator[Endpoints]:
    """Make a database without rows in a cluster, and drop it afterwards.

    One of the servers may have just come back, and get the database a little later.
    """
    with closing(Databases(addresses)) as databases:
        template = databases.newest() if has_schema else "template1"
        with databases.fresh(template) as endpoints:
            eventually(lambda: databases.is_everywhere(endpoints))
            databases.let_go()
            yield endpoints


def bring_up_to_date(endpoints: Endpoints) -> None:
    """Migrate a database to the newest schema, so that others can be copied from it."""
    schema.bring_up_to_date(endpoints)
    # The copies inherit what a server works out for the first connection.
    for url in endpoints.replica_urls.values():
        psycopg2.connect(url).close()


# In this order, whatever the folders are called. Tests that break a cluster take
# longest and are for few workers, so they come first; launchers wait a lot, too, and at
# the end there would be nothing to run beside them. Playwright comes last, because from
# its start to the end of the run an event loop runs in this thread, and no test could
# start one of its own; with several workers, one begins with it
# (tests/kit/scheduling.py).
_ORDER = ("cluster", "launch", "plain", "browser", "afterwards")
_BREAKABLE = pytest.StashKey[BreakableCluster]()
_SHARED = pytest.StashKey[SharedCluster]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Start the cluster of a run, and meanwhile load its tests for all workers."""
    if "CHARTROOM_TEST_CLUSTER" not in os.environ and not config.option.collectonly:
        config.stash[_SHARED] = SharedCluster()
        config.add_cleanup(config.stash[_SHARED].close)
    end = ExitStack()
    config.add_cleanup(end.close)
    python = end.enter_context(
        warm_workers(config.invocation_params.args, config.invocation_params.dir)
    )
    for spec in specs:
        spec.python = python


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every worker of a run the same cluster."""
    if shared := node.config.stash.get(_SHARED, None):
        node.workerinput["shared_cluster"] = str(shared.room)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Any
) -> BrowserBesideOthers | None:
    """Let the tests in a browser run beside the others."""
    by_group = config.option.dist == "loadgroup"
    return BrowserBesideOthers(config, log) if by_group else None


# Wrapped around xdist, which records the groups in between.
@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Sort the tests by their effect on those that follow, and group them for workers.

    The tests of a file share what takes long to make. Those that break a cluster share
    one with others, whichever file they are in.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    yield
    # They come in the random order of pytest-randomly.
    items.sort(key=_turn)
    for item in items:
        # xdist 3.8 adds the group to an attribute that pytest 9.2 no longer reads.
        if grouped := vars(item).get("_nodeid"):
            item._id = NodeId.parse(grouped)


def _turn(item: pytest.Item) -> int:
    turns = (i for i, name in enumerate(_ORDER) if item.get_closest_marker(name))
    return max(turns, default=_ORDER.index("plain"))


def _group(item: pytest.Item) -> str:
    if not item.get_closest_marker("cluster"):
        return item.path.relative_to(item.config.rootpath).as_posix()
    if item.get_closest_marker("browser"):
        return "clusters in a browser"
    # Three workers at a time, and one each for the tests that keep a log and that go
    # back (tests/jobs/backups): these mostly wait for servers, and one after the other
    # they would take longer than all tests without such a cluster.
    tests = item.config.rootpath / "tests"
    if item.path.is_relative_to(tests / "db/embedded"):
        return "clusters that break"
    if item.path.is_relative_to(tests / "jobs"):
        return "clusters that jobs work on"
    return "clusters at work"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the log of the servers that the test may break to the report of a failure."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("own_cluster")
    if report.failed and report.when == "call" and cluster is not None:
        report.sections.append(("servers", last_logged(cluster)))
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the breakable cluster when no test follows that breaks it."""
    goes_on = nextitem is not None and nextitem.get_closest_marker("cluster")
    if not goes_on and (breakable_cluster := item.config.stash.get(_BREAKABLE, None)):
        breakable_cluster.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep loaded modules from being searched for garbage, now and later.

    They stay until the end, and searching them again and again is a fifth of all
    loading. Streamlit also collects garbage after every run of a script, which takes
    half a second with all tests in memory. What tests leave behind is searched less
    often than Python would, too: a sixth of their time went into that.
    """
    gc.disable()
    yield
    # The little garbage that there is stays: finding it takes a tenth of the
    # collection.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    gc.enable()


def owner(endpoints: Endpoints) -> str:
    """Return the libpq URL of the login that owns the database."""
    if endpoints.owner_url is None:
        raise LookupError("These endpoints do not say who owns the database.")
    return endpoints.owner_url


def connect(url: str) -> Engine:
    """Return an engine for a libpq URL that may name several hosts."""
    return create_engine(
        "postgresql+psycopg2://",
        creator=lambda: psycopg2.connect(url),
        # A test may have killed the server of a pooled connection.
        pool_pre_ping=True,
    )


@pytest.fixture(scope="session", autouse=True)
def heed_ctrl_c() -> None:
    """Let the programs of tests react to Ctrl-C if the tests run in the background.

    A shell makes its background jobs ignore it, and their children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def breakable_cluster(pytestconfig: pytest.Config) -> Iterator[BreakableCluster]:
    """Holds the cluster that tests marked `cluster` may break."""
    with closing(BreakableCluster()) as breakable_cluster:
        pytestconfig.stash[_BREAKABLE] = breakable_cluster
        yield breakable_cluster


@pytest.fixture
def own_cluster(breakable_cluster: BreakableCluster) -> Cluster:
    """The cluster of this run, for tests marked `cluster`.

    A test that breaks it has to wait until it is whole again: see `breakable`.
    """
    return breakable_cluster.whole()


@pytest.fixture
def breakable(own_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster of this run, whole; it is made whole again afterwards."""
    yield own_cluster
    await_whole(own_cluster)


@pytest.fixture(scope="session")
def addresses(pytestconfig: pytest.Config) -> Iterator[Addresses]:
    """The addresses of the cluster that tests share and leave unchanged."""
    if room := getattr(pytestconfig, "workerinput", {}).get("shared_cluster"):
        yield await_shared(Path(room))
        return
    if given := os.environ.get("CHARTROOM_TEST_CLUSTER"):
        yield embedded.attach(Path(given))
        return
    with shared_cluster() as shared:
        yield shared


@pytest.fixture(scope="session")
def cluster(addresses: Addresses) -> Addresses:
    """The shared cluster's addresses; `cluster.endpoints` are Chartroom's own."""
    return addresses


@pytest.fixture(scope="session")
def databases(addresses: Addresses) -> Iterator[Databases]:
    """The maker of throw-away databases."""
    with closing(Databases(addresses)) as databases:
        yield databases


@pytest.fixture(scope="session")
def template(databases: Databases) -> Iterator[str]:
    """The name of a database with the newest schema and no rows."""
    if "CHARTROOM_TEST_CLUSTER" not in os.environ:
        yield databases.newest()
        return
    # That cluster outlives the run, and the next run may have other migrations.
    with databases.fresh() as endpoints:
        bring_up_to_date(endpoints)
        yield parse_dsn(endpoints.database_url)["dbname"]


@pytest.fixture(scope="session")
def emptied_databases(
    databases: Databases, template: str
) -> Iterator[EmptiedDatabases]:
    """Databases that are like new ones, whatever was committed in them before."""
    with closing(EmptiedDatabases(databases, template)) as emptied_databases:
        yield emptied_databases


@pytest.fixture
def endpoints(emptied_databases: EmptiedDatabases) -> Iterator[Endpoints]:
    """The addresses of an empty database, for a test that commits."""
    with emptied_databases.lend() as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def module_endpoints(emptied_databases: EmptiedDatabases) -> Iterator[Endpoints]:
    """The addresses of an empty database that a module's tests share."""
    with emptied_databases.lend() as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def module_engine(module_endpoints: Endpoints) -> Iterator[Engine]:
    """An engine on the database that a module's tests share, as its owner."""
    engine = connect(owner(module_endpoints))
    yield engine
    engine.dispose()


@pytest.fixture
def database_url(endpoints: Endpoints) -> str:
    """The libpq URL of a fresh database's primary, for its owner."""
    return owner(endpoints)


@pytest.fixture
def committing(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database, as its owner, for a test that commits."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    """A fresh database and its replicas, as the app uses them."""
    with closing(Database(endpoints)) as database:
        yield database


@pytest.fixture(scope="session")
def engine(databases: Databases, template: str) -> Iterator[Engine]:
    """An engine on a database in which no test commits anything."""
    with databases.fresh(template) as endpoints:
        url = databases.administrator_url(endpoints)
        engine = create_engine(
            "postgresql+psycopg2://",
            creator=lambda: acting.connect_as_owner(url),
            use_native_hstore=False,
        )
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are rolled back when the test ends."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture(scope="session")
def file_keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeys:
    """Keys that encrypt the files of this run's tests."""
    return FileKeys(tmp_path_factory.mktemp("keys") / "file.keys", may_be_made=True)


@pytest.fixture(scope="session")
def file_store(databases: Databases, file_keys: FileKeys) -> Iterator[FileStore]:
    """The file store that the tests of a worker use one after the other."""
    with databases.fresh_files(file_keys) as store:
        yield store


@pytest.fixture
def files(databases: Databases, file_store: FileStore) -> Iterator[FileStore]:
    """An empty file store; it is emptied afterwards."""
    yield file_store
    databases.empty_files(file_store._database.name)


@pytest.fixture
def clerk() -> Actor:
    """Somebody at the front desk."""
    return cast.act_as(cast.CLEO)


@pytest.fixture
def clinician() -> Actor:
    """Somebody who treats patients."""
    return cast.act_as(cast.DORA)


@pytest.fixture
def analyst() -> Actor:
    """Somebody who counts."""
    return cast.act_as(cast.ANA)


@pytest.fixture
def admin() -> Actor:
    """Somebody who looks after the system and may not read records."""
    return cast.act_as(cast.ADAM)


@pytest.fixture
def mailbox() -> Mailbox:
    """Where e-mails arrive."""
    return Mailbox()


@pytest.fixture
def mailer(mailbox: Mailbox) -> Iterator[SmtpMailer]:
    """What sends e-mails to the mailbox."""
    with mailer_to(mailbox) as mailer:
        yield mailer


@pytest.fixture
def patient(session: Session, clerk: Actor, today: date) -> PatientRecord:
    """Ada, whom the front desk has registered."""
    return patients.register(session, clerk, cast.ADA, today=today)


@pytest.fixture
def herself(patient: PatientRecord) -> Actor:
    """Ada, signed in."""
    return cast.act_as_patient(patient)


@pytest.fixture
def today() -> date:
    """The day on which every test takes place."""
    return date(2026, 11, 20)
