"""The Compose files of the two sites are consistent with each other."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from patroni.config import Config

from db.cluster.site_slots import slot_of
from db.embedded.processes.programs import find
from deploy import make_machine_certificates
from tests.deploy.conftest import ROOT

_HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
_FOLDER = ROOT / "deploy" / "patroni-site"
_CERTIFICATES = re.compile(
    r"deploy/make_machine_certificates\.py (/secrets/sites .*)$", re.MULTILINE
)
_LINKS = (
    ("docker-compose.yml", "from-north"),
    ("docker-compose.yml", "to-north"),
    ("docker-compose.site.yml", "from-main"),
    ("docker-compose.site.yml", "to-main-1"),
    ("docker-compose.site.yml", "to-main-2"),
    ("docker-compose.site.yml", "to-main-3"),
)

Compose = dict[str, Any]


def aliases(compose: Compose) -> dict[str, str]:
    """Return the services by their network alias, the name of a service elsewhere."""
    return {
        alias: name
        for name, service in compose["services"].items()
        if isinstance(service.get("networks"), dict)
        for network in service["networks"].values()
        for alias in network.get("aliases", ())
    }


@pytest.fixture
def standby_cluster() -> dict[str, Any]:
    """The cluster that the site's Patroni follows, as Patroni reads the folder."""
    bootstrap = Config(str(_FOLDER)).local_configuration["bootstrap"]
    following: dict[str, Any] = bootstrap["dcs"]["standby_cluster"]
    return following


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of both sites, made as docs/deployment.md says."""
    commands = _CERTIFICATES.findall((ROOT / "docs/deployment.md").read_text())
    assert len(commands) == 1
    _, *names = shlex.split(commands[0])
    folder: Path = tmp_path_factory.mktemp("sites")
    make_machine_certificates.make(folder, names)
    return folder


def test_servers_run_as_those_of_the_main_site(compose: Compose, site: Compose):
    def without(services: Compose, part: str, *names: str) -> Compose:
        return {k: v for k, v in services[part].items() if k not in names}

    for part in ("hardened", "chartroom", "etcd", "patroni", "mongo"):
        assert site[f"x-{part}"] == compose[f"x-{part}"], part
    for part, *names in (
        ("x-node", "command"),
        ("x-web", "environment", "depends_on"),
        ("x-link", "profiles"),
    ):
        assert without(site, part, *names) == without(compose, part, *names), part


def test_nodes_agree_on_the_same_terms_and_follow_by_the_slot_that_is_kept(
    compose: Compose, standby_cluster: dict[str, Any]
):
    terms = Config(str(_FOLDER)).local_configuration["bootstrap"]["dcs"]
    main = yaml.safe_load((ROOT / "deploy/patroni.yml").read_text())
    script, kept, _ = compose["services"]["let-north-follow"]["command"][1:]

    assert terms == main["bootstrap"]["dcs"] | {"standby_cluster": standby_cluster}
    assert script == "deploy/let_site_follow.py"
    assert standby_cluster["primary_slot_name"] == slot_of(kept) == "site_north"


def test_whom_the_site_follows_is_found_there_by_the_same_names(
    compose: Compose, site: Compose, standby_cluster: dict[str, Any]
):
    hosts = standby_cluster["host"].split(",")
    members = compose["services"]["files"]["environment"]["MONGO_MEMBERS"].split(",")
    standing = aliases(site)

    # All nodes that may lead, and all members that vote.
    assert set(hosts) == {
        name
        for name, service in compose["services"].items()
        if "deploy/patroni.yml" in service.get("command", ())
    }
    assert standing.keys() == {*hosts, *(m.partition(":")[0] for m in members)}
    for name, service in standing.items():
        said = site["services"][service]["environment"]
        is_node = name in hosts
        here = said["NODE_HERE" if is_node else "MEMBER_HERE"]
        assert said["NODE" if is_node else "MEMBER"] == name
        assert here == (f":{standby_cluster['port']}" if is_node else ":27017")


def test_the_main_site_finds_the_member_that_it_is_given(
    compose: Compose, site: Compose
):
    given = compose["services"]["let-north-follow"]["command"][-1]
    name, _, port = given.partition(":")
    link = compose["services"][aliases(compose)[name]]["environment"]

    assert name in site["services"]
    assert (link["MEMBER"], link["MEMBER_HERE"]) == (name, f":{port}")


def test_whoever_may_lead_at_the_main_site_hears_that_the_other_one_does(
    compose: Compose,
):
    member = compose["services"]["let-north-follow"]["command"][-1]
    for name, service in compose["services"].items():
        if "deploy/patroni.yml" in service.get("command", ()):
            said = service["environment"]
            assert "db.cluster.fenced_node" in service["command"], name
            assert said["OTHER_SITE_MEMBER"] == member
            # The volume outlives the container.
            assert said["OTHER_SITE_LEADS"].startswith("/data/")
            assert any(each.endswith(":/data") for each in service["volumes"]), name


def test_no_node_has_the_name_of_one_of_the_main_site(compose: Compose, site: Compose):
    """A commit there would wait for the node of that name."""

    def names(services: Compose) -> set[str]:
        variables = (s.get("environment", {}) for s in services["services"].values())
        return {said["PATRONI_NAME"] for said in variables if "PATRONI_NAME" in said}

    assert len(names(site)) == 3
    assert names(site).isdisjoint(names(compose))


def test_nothing_that_changes_records_runs_before_the_site_leads(site: Compose):
    waiting = {n for n, s in site["services"].items() if "profiles" in s}

    assert waiting == {"worker", "promote-site"}


def test_only_the_front_and_the_other_site_get_in(site: Compose):
    open_ports = {n: s["ports"] for n, s in site["services"].items() if "ports" in s}
    near_etcd = {
        n for n, s in site["services"].items() if "agreement" in s.get("networks", ())
    }

    assert open_ports == {
        "front": ["443:8443", "80:8080"],
        "from-main": ["6443:6443"],
    }
    assert near_etcd == {
        *("etcd-1", "etcd-2", "etcd-3"),
        *("db-north-01", "db-north-02", "db-north-03"),
    }


def test_every_secret_is_made_by_what_the_documents_say(
    either: Compose, secrets: Path, certificates: Path
):
    for name, secret in either["secrets"].items():
        file = secret["file"].removeprefix("deploy/secrets/")
        of_sites = file.startswith("sites/")
        made = certificates / Path(file).name if of_sites else secrets / file
        assert made.is_file(), name


def test_every_secret_that_is_used_is_there_and_no_other(either: Compose):
    used = {n for s in either["services"].values() for n in s.get("secrets", ())}

    assert used == either["secrets"].keys()


def test_patroni_understands_its_files(site: Compose, tmp_path: Path):
    """Checked by its own validator, with the variables of a node."""
    said = site["services"]["db-north-01"]["environment"]
    with socket.create_server(("127.0.0.1", 0)) as etcd:
        # The validator checks that etcd's port has a listener. The addresses of a node
        # must not be of this machine, and names of containers lead nowhere here.
        reached = f"127.0.0.1:{etcd.getsockname()[1]}"
        here = {
            name: re.sub(r"etcd-\d:\d+", reached, value).replace(
                "db-north-01:", "192.0.2.1:"
            )
            for name, value in said.items()
        }
        ran = _validate(here, tmp_path)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def _validate(
    variables: dict[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    places = {
        "PATRONI_POSTGRESQL_BIN_DIR": str(find(folder).postgres.parent),
        "PATRONI_POSTGRESQL_DATA_DIR": str(folder / "data"),
        "PATRONI_POSTGRESQL_PGPASS": str(folder / "pgpass"),
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "patroni", "--validate-config"),
            *("--ignore-listen-port", str(_FOLDER)),
        ],
        env=os.environ | variables | places,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(
    not Path(_HAPROXY).exists(), reason="HAProxy is not installed here."
)
@pytest.mark.parametrize(("file", "service"), _LINKS, ids=[name for _, name in _LINKS])
def test_haproxy_understands_its_files(file: str, service: str, certificates: Path):
    said = yaml.safe_load((ROOT / file).read_text())["services"][service]
    inside = "/usr/local/etc/haproxy"
    command = [w.replace(inside, str(ROOT / "deploy/haproxy")) for w in said["command"]]
    variables = {
        name: value.replace("/run/secrets", str(certificates))
        for name, value in said["environment"].items()
    }
    variables["OTHER_ADDRESS"] = "127.0.0.1:6443"

    ran = subprocess.run(
        [_HAPROXY, "-c", *command[1:]],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    needed = set(re.findall(r"/([\w-]+\.pem)", _texts(command)))
    needed |= {Path(v).name for v in variables.values() if v.endswith(".pem")}
    assert needed == set(said["secrets"])


def _texts(command: list[str]) -> str:
    files = [word for word in command if word.endswith(".cfg")]
    return "".join(Path(file).read_text() for file in files)
