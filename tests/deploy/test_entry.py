"""Secrets are made once, and reach programs only as files."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import make_secrets
from tests.deploy.conftest import ROOT

_SHOW = "import os; print(os.environ['CHARTROOM_DATABASE_URL'])"


def _enter(folder: Path, *command: str, **variables: str) -> "subprocess.Popen[str]":
    entry = [sys.executable, "deploy/entry.py", *command]
    environment = os.environ | {"SECRETS": str(folder)} | variables
    return subprocess.Popen(
        entry,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_program_gets_its_secrets_in_its_own_environment(tmp_path: Path):
    (tmp_path / "DB_APP_PASSWORD").write_text("once\n")
    url = "postgresql://app:${DB_APP_PASSWORD}@db/chartroom"

    entered = _enter(tmp_path, sys.executable, "-c", _SHOW, CHARTROOM_DATABASE_URL=url)

    said, _ = entered.communicate()
    assert said.strip() == "postgresql://app:once@db/chartroom"


def test_what_ends_a_program_ends_it_at_once(tmp_path: Path):
    # entry.py is replaced by the program, so a signal to the container reaches that
    # directly.
    with _enter(tmp_path, "sh", "-c", "echo begun; exec sleep 60") as entered:
        assert entered.stdout is not None
        assert entered.stdout.readline() == "begun\n"
        entered.terminate()

    assert entered.returncode == -signal.SIGTERM


@pytest.mark.parametrize("content", [None, ""])
def test_a_missing_secret_is_named_and_nothing_starts(
    tmp_path: Path, content: str | None
):
    if content is not None:
        (tmp_path / "DB_APP_PASSWORD").write_text(content)
    url = "postgresql://app:${DB_APP_PASSWORD}@db/chartroom"

    entered = _enter(tmp_path, sys.executable, "-c", _SHOW, CHARTROOM_DATABASE_URL=url)

    said, complaint = entered.communicate()
    assert entered.returncode == 1
    assert said == ""
    assert "The secret DB_APP_PASSWORD is missing or empty" in complaint
    assert "Traceback" not in complaint


def test_key_files_stay_files(secrets: Path):
    show = "import os; print([n for n in os.environ if 'audit' in n or 'pem' in n])"

    said, _ = _enter(secrets, sys.executable, "-c", show).communicate()

    assert said.strip() == "[]"


def test_every_secret_that_compose_names_is_made(
    compose: dict[str, Any], secrets: Path
):
    # Those between sites are made only for clinics with another site (test_other_site).
    of_sites = "deploy/secrets/sites/"
    files = {secret["file"] for secret in compose["secrets"].values()}
    wanted = {file for file in files if not file.startswith(of_sites)}

    made = {f"deploy/secrets/{file.name}" for file in secrets.iterdir()}
    assert wanted <= made
    assert made - wanted == {"deploy/secrets/keys"}


def test_secrets_are_for_their_owner_and_differ(secrets: Path):
    files = {file for file in secrets.rglob("*") if file.is_file()}
    contents = {(secrets / name).read_text() for name in make_secrets.RANDOM}
    # Prometheus is another user; Compose mounts this secret into its container alone.
    of_prometheus = secrets / make_secrets.OF_PROMETHEUS

    modes = {file.stat().st_mode & 0o777 for file in files - {of_prometheus}}
    assert modes == {0o600}
    assert of_prometheus.stat().st_mode & 0o777 == 0o644
    assert len(contents) == len(make_secrets.RANDOM)
    assert min(map(len, contents)) >= 32


def test_secrets_that_are_there_stay(secrets: Path):
    before = {file: file.read_bytes() for file in secrets.rglob("*") if file.is_file()}

    make_secrets.make(secrets)

    assert before == {
        file: file.read_bytes() for file in secrets.rglob("*") if file.is_file()
    }
