"""CI stops at a known vulnerability in a server that Chartroom brings along."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from db.mongo.exposure import FIXED_IN
from db.server_versions import parse

_ROOT = Path(__file__).resolve().parents[2]
_LIST = (_ROOT / ".ci/known_holes.toml").read_text()


def _audit(tmp_path: Path, content: str) -> subprocess.CompletedProcess[str]:
    listed = tmp_path / "known_holes.toml"
    listed.write_text(content)
    command = [sys.executable, ".ci/audit_servers.py", str(listed)]
    return subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, check=False
    )


def test_every_known_hole_of_the_servers_is_answered(tmp_path: Path):
    seen = _audit(tmp_path, _LIST)

    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert (
        "mongod 6.0.5 (embedded): CVE-2025-14847 is mitigated: It accepts no"
        in seen.stdout
    )


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        (
            'mitigated = "It accepts no compressed messages."',
            "",
            "mongod 6.0.5 (embedded): CVE-2025-14847 is not mitigated: Anyone who can",
        ),
        (
            '["3.4.42", "3.5.28", "3.6.9"]',
            '["3.5.34"]',
            "etcd 3.5.33 (deployed): CVE-2026-33413 is not mitigated: Without a",
        ),
        ('postgres = ["18.6"]', "", "postgres 18.6 (embedded): its known"),
        ("::test_messages_that_claim", "::test_none", "CVE-2025-14847: there is no"),
    ],
    ids=["not mitigated", "in what is deployed", "not looked up", "without its test"],
)
def test_what_is_not_answered_is_named_and_stops_ci(
    was: str, becomes: str, sentence: str, tmp_path: Path
):
    assert was in _LIST

    seen = _audit(tmp_path, _LIST.replace(was, becomes))

    assert seen.returncode == 1
    assert sentence in seen.stdout


def test_the_list_and_chartroom_refuse_the_same_versions_of_mongodb():
    holes = {hole["id"]: hole for hole in tomllib.loads(_LIST)["holes"]}

    fixed = [parse(written) for written in holes["CVE-2025-14847"]["fixed_in"]]

    assert fixed == list(FIXED_IN)
