"""The examples of connecting a system in docs/fhir.md, and other vendors' clients."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.fhir.bulk import routes
from jobs.fhir.exporting import exporting
from tests.kit.backend_services import connect, ec_key

SMART_FETCH = Path(sys.prefix) / "smart-fetch/bin/smart-fetch"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "fhir.md"


@pytest.fixture(scope="module")
def papers(papers, port):
    """Papers of a clinic with the address of the server."""
    return replace(papers, address=f"http://127.0.0.1:{port}")


@pytest.fixture
def worker(exporter, monkeypatch) -> Iterator[None]:
    """A worker that makes exports meanwhile, and may be polled after a second."""
    monkeypatch.setattr(routes, "_AGAIN_SECONDS", 1)
    with exporting(exporter.exporter):
        yield


@pytest.mark.usefixtures("worker")
def test_a_system_connects_and_exports_as_the_docs_show(
    application, ada, address, tmp_path
):
    shown = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    types, purpose = ("Patient", "Encounter", "Slot"), "A nightly copy"
    system = connect(application.database, *types, export_purpose=purpose)
    (tmp_path / "private-key.json").write_text(
        json.dumps(ec_key().as_dict(private=True))
    )

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(shown)],
        env={**os.environ, "CLINIC": address, "CLIENT_ID": str(system.id)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    said, exported = done.stdout.split("\nPatient {", 1)
    scopes, _, bundle = said.partition(" {")
    assert scopes == "system/Encounter.rs system/Patient.rs"
    assert json.loads("{" + bundle)["entry"]
    lines = [json.loads(line) for line in ("{" + exported).split("\n") if line]
    assert ada["uuid"] in {line["id"] for line in lines}


@pytest.mark.skipif(not SMART_FETCH.exists(), reason="smart-fetch is not installed")
@pytest.mark.usefixtures("worker")
def test_smart_fetch_connects_and_exports(application, ada, address, tmp_path):
    types, purpose = ("Patient", "AllergyIntolerance"), "A nightly copy"
    system = connect(application.database, *types, export_purpose=purpose)
    key, files = tmp_path / "key.jwks", tmp_path / "exported"
    sign = ec_key().as_dict(private=True) | {"key_ops": ["sign"], "alg": "ES384"}
    key.write_text(json.dumps({"keys": [sign]}))

    done = subprocess.run(
        [
            *(SMART_FETCH, "bulk", files, "--no-compression", "--type", "Patient"),
            *("--fhir-url", f"{address}/fhir"),
            *("--smart-client-id", str(system.id), "--smart-key", key),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    patients = "".join(file.read_text() for file in files.glob("*Patient*.ndjson"))
    assert ada["uuid"] in {json.loads(line)["id"] for line in patients.splitlines()}
