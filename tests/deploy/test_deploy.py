"""The production setup is configured the same as the embedded one."""

import re
from typing import Any

import pytest
import yaml

from db.embedded.servers import configuration
from db.settings import Settings
from tests.deploy.conftest import ROOT


@pytest.fixture(scope="module")
def patroni() -> dict[str, Any]:
    """The configuration of a PostgreSQL node, parsed."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "deploy/patroni.yml").read_text())
    return content


def test_nodes_agree_on_the_same_terms_as_the_embedded_ones(patroni: dict[str, Any]):
    assert patroni["bootstrap"]["dcs"] == configuration.DYNAMIC


def test_logs_are_as_silent_about_patients_as_the_embedded_ones(
    patroni: dict[str, Any],
):
    silent = {
        name: value
        for name, value in configuration.PARAMETERS.items()
        if name.startswith(("log_min_error", "log_error", "log_parameter"))
    }

    assert len(silent) == 4
    assert silent.items() <= patroni["postgresql"]["parameters"].items()


def test_statements_are_counted_by_shape_as_on_the_embedded_ones(
    patroni: dict[str, Any],
):
    counting = {
        name: value
        for name, value in configuration.PARAMETERS.items()
        if "statements" in f"{name} {value}"
    }

    assert len(counting) == 3
    assert counting.items() <= patroni["postgresql"]["parameters"].items()


def test_every_setting_that_compose_sets_exists(either: dict[str, Any]):
    known = {f"CHARTROOM_{name.upper()}" for name in Settings.model_fields}

    assert either["x-databases"].keys() <= known


def test_every_variable_that_compose_asks_for_is_in_the_example():
    variables = re.findall(r"(?<!\$)\$\{([A-Z_]+)[:?-]", _compose_text())
    example = re.findall(
        r"^([A-Z_]+)=", (ROOT / "deploy/example.env").read_text(), re.M
    )

    assert sorted(set(variables)) == sorted(example)


def test_every_service_has_the_secrets_that_it_puts_into_addresses(
    either: dict[str, Any],
):
    for name, service in either["services"].items():
        said = " ".join(map(str, service.get("environment", {}).values()))
        wanted = set(re.findall(r"\$\$\{([A-Z_]+)\}", said))

        assert wanted <= set(service.get("secrets", ())), name


def test_no_secret_stands_in_the_file():
    assert not re.findall(r"(?<!\$)\$\{[A-Z_]*(?:PASSWORD|SECRET|KEY)", _compose_text())


def _compose_text() -> str:
    files = ("docker-compose.yml", "docker-compose.site.yml")
    return "".join((ROOT / file).read_text() for file in files)


def test_containers_can_do_next_to_nothing(either: dict[str, Any]):
    may = {
        name: service["cap_add"]
        for name, service in either["services"].items()
        if "cap_add" in service
    }

    for name, service in either["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert may.keys() == {n for n in either["services"] if n.startswith("mongo-")}


def test_what_runs_on_is_checked_and_limited(either: dict[str, Any]):
    lasting = {
        name: service
        for name, service in either["services"].items()
        if service["restart"] != "no"
    }

    assert len(lasting) >= 15
    for name, service in lasting.items():
        assert "healthcheck" in service, name
        assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
        assert service["pids_limit"], name


def test_only_the_worker_can_seal_the_audit_log(compose: dict[str, Any]):
    keys = {
        name: service["environment"]["CHARTROOM_AUDIT_KEY_FILE"]
        for name, service in compose["services"].items()
        if "CHARTROOM_AUDIT_KEY_FILE" in service.get("environment", {})
    }
    sealing = [
        name
        for name, service in compose["services"].items()
        if "audit.key" in service.get("secrets", ())
    ]

    assert keys == {
        "web-1": "/run/secrets/audit.pub",
        "web-2": "/run/secrets/audit.pub",
        "worker": "/run/secrets/audit.key",
    }
    assert sealing == ["worker"]


def test_who_reads_files_has_their_keys_and_only_a_hand_exchanges_them(
    compose: dict[str, Any],
):
    mounted = {
        name: folder
        for name, service in compose["services"].items()
        for folder in service.get("volumes", ())
        if ":/keys" in folder
    }

    assert mounted == {
        "web-1": "./deploy/secrets/keys:/keys:ro",
        "web-2": "./deploy/secrets/keys:/keys:ro",
        "worker": "./deploy/secrets/keys:/keys:ro",
        "keys": "./deploy/secrets/keys:/keys",
    }
    assert compose["services"]["keys"]["profiles"] == ["keys"]


def test_what_is_secret_gets_neither_into_git_nor_into_an_image():
    git = (ROOT / ".gitignore").read_text().split()
    image = (ROOT / ".dockerignore").read_text().split()

    assert {".env", "/deploy/secrets/"} <= set(git)
    assert {"**/.env", "deploy/secrets"} <= set(image)


def test_only_nodes_reach_etcd_and_only_the_front_is_reached_from_outside(
    compose: dict[str, Any],
):
    services = compose["services"]
    near_etcd = {n for n, s in services.items() if "agreement" in s.get("networks", ())}
    open_ports = {
        name: [port for port in service["ports"] if not port.startswith("127.0.0.1:")]
        for name, service in services.items()
        if "ports" in service
    }

    # Prometheus reads etcd's metrics.
    assert near_etcd == {
        *("etcd-1", "etcd-2", "etcd-3", "prometheus"),
        *("db-main", "db-slave-01", "db-slave-02", "db-delayed"),
    }
    assert {name: ports for name, ports in open_ports.items() if ports} == {
        "front": ["443:8443", "80:8080"],
        # For whoever has the other site's certificate.
        "from-north": ["6443:6443"],
    }


def test_the_nodes_have_the_ports_that_people_expect(compose: dict[str, Any]):
    published = {
        name: service["ports"][0].split(":")[1]
        for name, service in compose["services"].items()
        if name.startswith("db-") and "ports" in service
    }

    assert published == {
        "db-main": "5432",
        "db-slave-01": "5433",
        "db-slave-02": "5434",
    }


def test_what_sends_letters_reaches_the_outside(compose: dict[str, Any]):
    inside = {name for name, net in compose["networks"].items() if net.get("internal")}

    for name in ("web-1", "web-2", "worker"):
        assert set(compose["services"][name]["networks"]) - inside
