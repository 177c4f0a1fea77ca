"""Another site with servers of its own, by the Compose files: it follows, and leads.

HAProxy with certificates is between the sites, where it is installed.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import make_machine_certificates
from deploy.entry import filled_in, secrets_in
from tests.browser.running import free_port
from tests.deploy.composed import Ended, Machine
from tests.deploy.conftest import ROOT
from tests.deploy.mongo_image import start_member
from tests.deploy.test_machines import _HAPROXY
from tests.kit import warm_start
from tests.kit.scratch import scratch_folder
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_SECONDS = 90
_REASON = "The main site has burnt down"
_CUT_OFF = "Ines Carvalho has seen the ashes"
_HAS_HAPROXY = Path(_HAPROXY).exists()


@dataclass
class Site:
    """The servers of a site, and where they are."""

    machine: Machine
    stack: ExitStack
    mongo: int = field(default_factory=free_port)

    def url(self, node: str, login: str, secret: str) -> str:
        """Return a node's URL for a login."""
        password = (self.machine.secrets / secret).read_text()
        port = self.machine.port(node, 5432)
        return f"postgresql://{login}:{password}@127.0.0.1:{port}/chartroom"

    def ask(self, node: str, question: str) -> Any:
        """Run a query on a node as the owner of the schema."""
        url = self.url(node, "chartroom", "DB_PASSWORD")
        with (
            closing(psycopg2.connect(url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(question)
            return cursor.fetchone() if cursor.description else None

    @contextmanager
    def files(self) -> Iterator[MongoClient[dict[str, Any]]]:
        """Sign in to the site's first member as the administrator."""
        password = (self.machine.secrets / "MONGO_ADMIN_PASSWORD").read_text()
        url = f"mongodb://admin:{password}@127.0.0.1:{self.mongo}/?authSource=admin"
        with MongoClient[dict[str, Any]](
            url, directConnection=True, serverSelectionTimeoutMS=3_000
        ) as client:
            yield client

    def run(
        self, service: str, *words: str, given: str = "", **also: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a service that ends, with its variables; return the completed process."""
        said = self.machine.services[service]
        variables = self.machine.environment(service)
        variables = {name: self._located(value) for name, value in variables.items()}
        first, *rest = words or said["command"][1:]
        if first == "-m":
            first, *rest = rest
        # How entry.py starts it in a container is tested in tests/deploy/test_nodes.py.
        environment = filled_in(
            os.environ | variables | also, secrets_in(self.machine.secrets)
        )
        module = first.removesuffix(".py").replace("/", ".")
        return warm_start.run([module, *rest], cwd=ROOT, env=environment, given=given)

    def _located(self, value: str) -> str:
        """Replace host names by local ports, and variables of .env, which is empty."""
        value = re.sub(r"\$\{[A-Z_]+:[?-]\}", "", value)
        for (name, inside), port in self.machine.ports.items():
            if inside in {5432, 27017}:
                value = re.sub(
                    rf"(?<=[@,/:]){name}(:{inside})?(?=[,/])",
                    f"127.0.0.1:{port}",
                    value,
                )
        return value


def start(site: Site, node: str, **also: str) -> None:
    """Start a node and wait until it answers."""
    etcd = f"127.0.0.1:{site.machine.port('etcd-1', 2379)}"
    running = site.machine.running_node(node, PATRONI_ETCD3_HOSTS=etcd, **also)
    site.stack.enter_context(running)


def start_etcd(site: Site) -> None:
    """Start etcd with one member instead of a site's three."""
    machine = site.machine
    peer = f"http://127.0.0.1:{machine.port('etcd-1', 2380)}"
    machine.port("etcd-1", 2379)
    site.stack.enter_context(
        machine.running("etcd-1", ETCD_INITIAL_CLUSTER=f"etcd-1={peer}")
    )
    machine.await_answer("etcd-1", 2379, "/health")


def start_mongo(site: Site, service: str) -> None:
    """Start the site's member, with the data that it had before."""
    said = site.machine.services[service].get("environment", {})
    process = start_member(site.machine.folder, site.machine.secrets, site.mongo, said)
    site.stack.callback(process.wait, 30)
    site.stack.callback(process.kill)
    site.machine.ports[service, 27017] = site.mongo


def relay(
    stack: ExitStack, certificates: Path, services: Mapping[str, Any], name: str, **own
) -> None:
    """Run one of the HAProxys between the sites, with its files and variables."""
    said = services[name]
    inside, here = "/usr/local/etc/haproxy", str(ROOT / "deploy/haproxy")
    command = [word.replace(inside, here) for word in said["command"][1:]]
    variables = {
        key: value.replace("/run/secrets", str(certificates))
        for key, value in said["environment"].items()
    }
    own.setdefault("HEALTH", f"127.0.0.1:{free_port()}")
    process = subprocess.Popen(
        [_HAPROXY, *(word for word in command if word != "-W")],
        env=os.environ | variables | own,
    )
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)


def at(port: int) -> str:
    return f"127.0.0.1:{port}"


def following(folder: Path, port: int) -> str:
    """Return a copy of the site's Patroni folder that follows the main site here."""
    copied = folder / "patroni-site"
    copied.mkdir(mode=0o755)
    for file in (ROOT / "deploy/patroni-site").iterdir():
        text = file.read_text()
        if file.name.startswith("20-"):
            content = yaml.safe_load(text)
            content["bootstrap"]["dcs"]["standby_cluster"] |= {
                "host": "127.0.0.1",
                "port": port,
            }
            text = yaml.safe_dump(content)
        (copied / file.name).write_text(text)
        (copied / file.name).chmod(0o644)
    return str(copied)


@dataclass
class Sites:
    """Both sites, and how each reaches the other."""

    main: Site
    north: Site
    # The port at which the main site's members reach the other site's member.
    member: int


@pytest.fixture
def sites(
    compose: dict[str, Any],
    site: dict[str, Any],
    secrets: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sites]:
    """A node and a member at the main site, two nodes and a member at the other."""
    with ExitStack() as held:
        folder = held.enter_context(scratch_folder(tmp_path_factory, "sites"))
        for outer in (folder, folder.parent, folder.parent.parent):
            outer.chmod(0o755)
        places = {name: folder / name for name in ("main", "north")}
        for place in places.values():
            place.mkdir(mode=0o755)
        node = free_port()
        read = following(folder, node)
        north_services = {
            name: service | {"command": [*service["command"][:-1], read]}
            if "deploy/patroni-site" in service.get("command", ())
            else service
            for name, service in site["services"].items()
        }
        main = Site(
            Machine(places["main"], secrets, compose["services"], {}),
            held.enter_context(ExitStack()),
        )
        north = Site(
            Machine(places["north"], secrets, north_services, {}),
            held.enter_context(ExitStack()),
        )
        member = north.mongo
        if _HAS_HAPROXY:
            member = free_port()
            relays(held, folder, (compose, site), (main, north), (node, member))
        else:
            main.machine.ports["db-main", 5432] = node
        yield Sites(main, north, member)


def relays(
    stack: ExitStack,
    folder: Path,
    compose: tuple[dict[str, Any], dict[str, Any]],
    sites: tuple[Site, Site],
    ports: tuple[int, int],
) -> None:
    """Put HAProxy between the sites, as both files say."""
    certificates = folder / "certificates"
    names = ["main", "north", "mongo-north", "db-main", "db-slave-01", "db-slave-02"]
    names += ["mongo-1", "mongo-2", "mongo-3"]
    make_machine_certificates.make(certificates, names)
    of_main, of_site = (each["services"] for each in compose)
    main, north = sites
    node, member = ports
    into_main, into_north = free_port(), free_port()
    relay(
        stack,
        certificates,
        of_main,
        "from-north",
        HERE=at(into_main),
        DB_MAIN=at(main.machine.port("db-main", 5432)),
        MONGO_1=at(main.mongo),
        **dict.fromkeys(("DB_SLAVE_01", "DB_SLAVE_02", "MONGO_2", "MONGO_3"), at(9)),
    )
    relay(
        stack,
        certificates,
        of_main,
        "to-north",
        MEMBER_HERE=at(member),
        OTHER_ADDRESS=at(into_north),
    )
    relay(
        stack,
        certificates,
        of_site,
        "from-main",
        HERE=at(into_north),
        MONGO_NORTH=at(north.mongo),
    )
    relay(
        stack,
        certificates,
        of_site,
        "to-main-1",
        NODE_HERE=at(node),
        MEMBER_HERE=at(free_port()),
        OTHER_ADDRESS=at(into_main),
    )
    north.machine.ports["db-main", 5432] = node


def start_main_site(main: Site) -> None:
    """Start the main site, with a schema, a row and a file."""
    start_etcd(main)
    start(main, "db-main")
    start_mongo(main, "mongo-1")
    ran = main.run("files", MONGO_MEMBERS=at(main.mongo))
    assert ran.returncode == 0, ran.stderr
    for node in ("db-slave-01", "db-slave-02"):
        main.machine.port(node, 5432)
    data = str(main.machine.data("migrate"))
    ran = main.run("migrate", **mongo_urls(main), CHARTROOM_DATA=data)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    main.ask("db-main", "CREATE TABLE acknowledged AS SELECT 1 AS row")
    with main.files() as client:
        client["chartroom"]["tried"].insert_one({"_id": 1})


def mongo_urls(site: Site) -> dict[str, str]:
    passwords = {
        name: (site.machine.secrets / f"MONGO_{name}PASSWORD").read_text()
        for name in ("", "AUDIT_")
    }
    options = "directConnection=true&authSource=admin"
    return {
        "CHARTROOM_MONGO_URL": f"mongodb://chartroom:{passwords['']}@{at(site.mongo)}"
        f"/?{options}",
        "CHARTROOM_AUDIT_MONGO_URL": f"mongodb://chartroom_audit:{passwords['AUDIT_']}"
        f"@{at(site.mongo)}/chartroom_audit?{options}",
    }


def let_follow(sites: Sites) -> None:
    """Let the site follow as docker-compose.yml does, and wait until it has it all."""
    for name in ("etcd-1", "mongo-north"):
        assert name in sites.north.machine.services
    start_etcd(sites.north)
    start_mongo(sites.north, "mongo-north")
    script, name, _ = sites.main.machine.services["let-north-follow"]["command"][1:]
    for _ in range(2):
        ran = sites.main.run(
            "let-north-follow",
            *(script, name, at(sites.member)),
            MONGO_MEMBERS=at(sites.main.mongo),
            **mongo_urls(sites.main),
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    slot = "SELECT slot_type FROM pg_replication_slots WHERE slot_name = 'site_north'"
    eventually(lambda: sites.main.ask("db-main", slot), seconds=_SECONDS)
    for node in ("db-north-01", "db-north-02"):
        start(sites.north, node)
    eventually(lambda: has_file(sites.north), seconds=_SECONDS)


def comes_back(sites: Sites) -> None:
    """Start the main site again as it was, and expect that it accepts no changes."""
    main = sites.main
    main.machine.ports["mongo-north", 27017] = sites.member
    start_etcd(main)
    start_mongo(main, "mongo-1")
    refused = start_refused(main, "db-main")
    assert "The other site was promoted and is the clinic now" in refused
    # Its own replica set tells it that it no longer belongs to any.
    eventually(lambda: is_expelled(main), seconds=_SECONDS)


def start_refused(site: Site, node: str) -> str:
    """Start a node that ends by itself; return its output."""
    etcd = at(site.machine.port("etcd-1", 2379))
    places = {"PATRONI_ETCD3_HOSTS": etcd, "OTHER_SITE_ADDRESS": "north.example:6443"}
    with (
        pytest.raises(Ended) as ended,
        site.machine.running_node(node, **places),
    ):
        pass
    return str(ended.value)


def is_expelled(site: Site) -> bool:
    try:
        with site.files() as client:
            hello = client.admin.command("hello")
            return not (hello.get("setName") or hello["isWritablePrimary"])
    except PyMongoError:
        return False


def has_file(site: Site) -> bool:
    try:
        with site.files() as client:
            hello = client.admin.command("hello")
            return bool(
                hello.get("secondary") and client["chartroom"]["tried"].find_one()
            )
    except PyMongoError:
        return False


def promote(sites: Sites, given: str = "north\n") -> "subprocess.CompletedProcess[str]":
    north = sites.north
    north.machine.port("db-north-03", 5432)
    main = sites.main.machine.port("db-main", 5432)
    password = (north.machine.secrets / "DB_APP_PASSWORD").read_text()
    where = north.machine.ports.get(("db-main", 5432), main)
    return north.run(
        "promote-site",
        "deploy/promote_site.py",
        *("--reason", _REASON, "--cut-off", _CUT_OFF),
        given=given,
        CHARTROOM_MAIN_URL=f"postgresql://chartroom_app:{password}@{at(where)}/chartroom",
        CHARTROOM_DATA=str(north.machine.data("promote-site")),
        CHARTROOM_AUDIT_KEY_FILE=str(north.machine.secrets / "audit.key"),
        CHARTROOM_FILE_KEYS_FILE=str(north.machine.secrets / "keys/file.keys"),
        CHARTROOM_ALLOWED_HOSTS="north.example.org",
        MONGO_SITE_MEMBER=at(north.mongo),
        MONGO_MAIN_MEMBERS=at(sites.main.mongo),
        **mongo_urls(north),
    )


def test_a_site_by_the_compose_files_follows_and_leads_once_the_main_one_is_lost(
    sites: Sites,
):
    main, north = sites.main, sites.north
    start_main_site(main)
    let_follow(sites)

    # It follows by the slot that is kept for it, and its second node follows its first.
    row = eventually(
        lambda: main.ask(
            "db-main",
            "SELECT active, restart_lsn IS NOT NULL FROM pg_replication_slots "
            "WHERE slot_name = 'site_north'",
        ),
        lambda row: row == (True, True),
        seconds=_SECONDS,
    )
    assert row == (True, True)
    upstream = "SELECT sender_port, slot_name FROM pg_stat_wal_receiver"
    first = north.machine.port("db-north-01", 5432)
    eventually(
        lambda: north.ask("db-north-02", upstream),
        lambda row: row == (first, "db_north_02"),
        seconds=_SECONDS,
    )
    with main.files() as client:
        (_, hidden) = client.admin.command("replSetGetConfig")["config"]["members"]
    assert (hidden["hidden"], hidden["priority"], hidden["votes"]) == (True, 0, 0)
    main.ask("db-main", "INSERT INTO acknowledged VALUES (2)")
    count = "SELECT count(*) FROM acknowledged"
    for node in ("db-north-01", "db-north-02"):
        eventually(
            lambda node=node: north.ask(node, count),
            lambda row: row == (2,),
            seconds=_SECONDS,
        )
    # No commit waits for it.
    assert main.ask("db-main", "SHOW synchronous_standby_names") == ("",)

    refused = promote(sites)
    assert refused.returncode == 1
    assert "The main site still takes writes: PostgreSQL at" in refused.stderr

    main.stack.close()
    assert promote(sites, "south\n").returncode == 1
    ran = promote(sites)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "is here, files included" in ran.stdout
    north.ask("db-north-01", "INSERT INTO acknowledged VALUES (3)")
    assert north.ask("db-north-01", count) == (3,)
    with north.files() as client:
        client["chartroom"]["tried"].insert_one({"_id": 2})
        assert client["chartroom"]["tried"].count_documents({}) == 2
    noted = north.ask(
        "db-north-01",
        "SELECT count(*) FROM audit_events WHERE action = 'cluster:promote-site'",
    )
    assert noted == (1,)
    comes_back(sites)
