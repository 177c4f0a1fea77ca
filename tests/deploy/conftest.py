"""The Compose files, parsed, and their secrets."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml, parsed."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


@pytest.fixture(scope="session")
def site() -> dict[str, Any]:
    """docker-compose.site.yml, parsed."""
    text = (ROOT / "docker-compose.site.yml").read_text()
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@pytest.fixture(
    scope="session", params=["docker-compose.yml", "docker-compose.site.yml"]
)
def either(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of the two files, parsed."""
    content: dict[str, Any] = yaml.safe_load((ROOT / request.param).read_text())
    return content


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the secrets, made as docker-compose.yml says."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    command = [sys.executable, "deploy/make_secrets.py", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder
