"""Third-party checkers find nothing wrong with what is deployed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import ROOT

_BESIDE_PYTHON = Path(sys.executable).parent


def _run(*command: str, **variables: str) -> None:
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def _needed(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed here.")
    return path


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.site.yml"])
def test_a_compose_file_is_one(file: str):
    """Checked by Compose itself where it is installed, and by its schema everywhere."""
    checker = str(_BESIDE_PYTHON / "check-jsonschema")
    _run(checker, "--builtin-schema", "vendor.compose-spec", file)
    if not _has_compose():
        pytest.skip("The schema holds; Docker Compose is not installed here.")
    said = ("-f", file, "--env-file", "deploy/example.env", "config", "--quiet")
    _run("docker", "compose", *said, OTHER_SITE_ADDRESS="10.0.0.1:6443")


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    version = subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    return version.returncode == 0


def test_the_image_is_built_as_hadolint_likes_it():
    program = _BESIDE_PYTHON / "hadolint"
    if not program.exists():
        pytest.skip("hadolint is not there for this platform.")
    _run(str(program), "deploy/Dockerfile")


def test_the_front_understands_its_file(secrets: Path):
    _run(
        *(_needed("haproxy"), "-c", "-f", "deploy/haproxy/haproxy.cfg"),
        FRONT_ADDRESS="127.0.0.1",
        FRONT_PORT="8443",
        FRONT_PLAIN_PORT="8080",
        FRONT_METRICS_PORT="8404",
        FRONT_CERTIFICATE=str(secrets / "front.pem"),
        WEB_1="127.0.0.1:8501",
        WEB_2="127.0.0.1:8502",
    )


def test_prometheus_understands_its_file():
    _run(_needed("promtool"), "check", "config", "deploy/prometheus/prometheus.yml")


@pytest.mark.parametrize("script", ["deploy/mongo.sh"])
def test_scripts_are_written_without_slips(script: str):
    _run("bash", "-n", script)


def test_prometheus_asks_who_is_there(compose: dict[str, Any]):
    said = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = {
        target.partition(":")[0]
        for job in said["scrape_configs"]
        for config in job["static_configs"]
        for target in config["targets"]
    }

    assert targets == {
        name for name in compose["services"] if re.match(r"web-|db-|etcd-|front$", name)
    }
