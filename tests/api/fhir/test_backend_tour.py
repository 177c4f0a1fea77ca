"""What docs/fhir.md shows of connecting a system, run against a server."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit.backend_services import connect, ec_key

DOCS = Path(__file__).resolve().parents[3] / "docs" / "fhir.md"


@pytest.fixture(scope="module")
def papers(papers, port):
    """Papers of a clinic that is where the server listens."""
    return replace(papers, address=f"http://127.0.0.1:{port}")


def test_a_system_connects_as_the_docs_show(application, ada, address, tmp_path):
    [shown] = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    system = connect(application.database, "Patient", "Encounter", "Slot")
    (tmp_path / "private-key.json").write_text(
        json.dumps(ec_key().as_dict(private=True))
    )

    done = subprocess.run(
        [sys.executable, "-c", shown],
        env={**os.environ, "CLINIC": address, "CLIENT_ID": str(system.id)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    scopes, _, bundle = done.stdout.partition(" {")
    assert scopes == "system/Encounter.rs system/Patient.rs"
    assert json.loads("{" + bundle)["entry"]
