"""What docker-compose.yml says, and its secrets."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml, read."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the secrets, made as docker-compose.yml says."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    command = [sys.executable, "deploy/make_secrets.py", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder
