"""The production shape says the same as the embedded one, in other words."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from db import audit_access, audit_store
from db.embedded import nodes
from db.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """docker-compose.yml, read."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


@pytest.fixture(scope="module")
def patroni() -> dict[str, Any]:
    """The configuration of a PostgreSQL node, read."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "deploy/patroni.yml").read_text())
    return content


def test_nodes_agree_on_the_same_terms_as_the_embedded_ones(patroni: dict[str, Any]):
    assert patroni["bootstrap"]["dcs"] == nodes.DYNAMIC


def test_logs_are_as_silent_about_patients_as_the_embedded_ones(
    patroni: dict[str, Any],
):
    silent = {
        name: value
        for name, value in nodes.PARAMETERS.items()
        if name.startswith(("log_min_error", "log_error", "log_parameter"))
    }

    assert len(silent) == 4
    assert silent.items() <= patroni["postgresql"]["parameters"].items()


def test_every_setting_that_compose_sets_exists(compose: dict[str, Any]):
    known = {f"CHARTROOM_{name.upper()}" for name in Settings.model_fields}

    assert compose["x-databases"].keys() <= known


def test_every_password_that_compose_asks_for_is_in_the_example():
    asked = re.findall(r"\$\{([A-Z_]+)[:?-]", (ROOT / "docker-compose.yml").read_text())
    example = re.findall(
        r"^([A-Z_]+)=", (ROOT / "deploy/example.env").read_text(), re.M
    )

    assert sorted(set(asked)) == sorted(example)


def test_the_audit_login_and_its_indexes_are_the_embedded_ones():
    script = (ROOT / "deploy/mongo-user.js").read_text()
    [indexes] = re.findall(r"^const indexes = (\[.*?\n\]);", script, re.M | re.S)
    [actions] = re.findall(r"actions: (\[.*?\])", script)
    resource = (
        f'{{ db: "{audit_store.DATABASE}", collection: "{audit_store.COLLECTION}" }}'
    )

    # As text, because the order of an index's fields counts.
    expected = json.dumps([list(index) for index in audit_access.INDEXES])
    assert json.dumps(json.loads(indexes)) == expected
    assert sorted(json.loads(actions)) == sorted(audit_access.ACTIONS)
    assert f"resource: {resource}" in script
    assert f'user: "{audit_access.USER}"' in script


def test_only_the_worker_can_seal_the_audit_log(compose: dict[str, Any]):
    keys = {
        name: service["environment"]["CHARTROOM_AUDIT_KEY_FILE"]
        for name, service in compose["services"].items()
        if "audit" in str(service.get("secrets"))
    }

    assert keys == {
        "web": "/run/secrets/audit.pub",
        "worker": "/run/secrets/audit.key",
    }
    assert compose["services"]["web"]["secrets"] == ["audit.pub"]


def test_who_reads_files_has_their_keys_and_only_a_hand_exchanges_them(
    compose: dict[str, Any],
):
    mounted = {
        name: service["volumes"]
        for name, service in compose["services"].items()
        if "CHARTROOM_FILE_KEYS_FILE" in str(service.get("environment"))
    }

    assert mounted == {
        "web": ["./deploy/keys:/keys:ro"],
        "worker": ["./deploy/keys:/keys:ro"],
        "keys": ["./deploy/keys:/keys"],
    }
    assert compose["services"]["keys"]["profiles"] == ["keys"]


def test_what_is_secret_gets_neither_into_git_nor_into_an_image():
    git = (ROOT / ".gitignore").read_text().split()
    image = (ROOT / ".dockerignore").read_text().split()

    assert {".env", "/deploy/audit.*", "/deploy/keys/"} <= set(git)
    assert {"**/.env", "deploy/audit.*", "deploy/keys"} <= set(image)


def test_only_nodes_reach_etcd_and_only_the_web_server_is_reached_from_outside(
    compose: dict[str, Any],
):
    services = compose["services"]
    near_etcd = {n for n, s in services.items() if "agreement" in s["networks"]}
    published = {n: s["ports"] for n, s in services.items() if "ports" in s}

    assert near_etcd == {"etcd", "db-01", "db-02", "db-03"}
    assert published == {"web": ["127.0.0.1:8501:8501"]}


def test_what_sends_letters_reaches_the_outside(compose: dict[str, Any]):
    inside = {name for name, net in compose["networks"].items() if net.get("internal")}

    for name in ("web", "worker"):
        assert set(compose["services"][name]["networks"]) - inside
