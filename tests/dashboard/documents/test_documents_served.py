"""Documents through the whole server: never a file in memory, never a wrong byte."""

from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from bson import ObjectId
from pymongo import MongoClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.document import DocumentVersion
from services.core.actors import Role
from tests.api.document_samples import UPLOAD, pdf
from tests.kit.waiting import eventually

MEGABYTE = 1024 * 1024
LARGEST = 50 * MEGABYTE - 4096
# What a whole file may cost in memory, up and down.
MOST_ABOVE_IDLE = 24 * MEGABYTE


@pytest.fixture
def clerk(server):
    with server.signed_in(Role.STAFF) as browser:
        browser.timeout = 60
        yield browser


def _upload(clerk, data):
    answer = clerk.post(UPLOAD, files={"file": ("a.pdf", data, "application/pdf")})
    assert answer.status_code == 201
    return f"/api/documents/{answer.json()['document']['id']}"


@pytest.fixture
def peak(server):
    """Measures by how much the server's memory peaks above its start during a call."""
    process = psutil.Process(server.pid)

    def measure(do):
        before = process.memory_info().rss
        # Reset the kernel's record of the peak.
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        do()
        status = Path(f"/proc/{process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 - before

    return measure


def test_a_large_file_is_never_in_memory_as_a_whole(clerk, peak):
    # The first file loads the modules that all others use.
    clerk.get(_upload(clerk, pdf()))
    data, paths, got = pdf(at_least=LARGEST), [], []

    up = peak(lambda: paths.append(_upload(clerk, data)))
    down = peak(lambda: got.append(clerk.get(paths[0]).content))

    assert got == [data]
    assert up <= MOST_ABOVE_IDLE
    assert down <= MOST_ABOVE_IDLE


def test_a_file_that_is_too_large_is_refused_while_it_is_sent(server, clerk):
    head = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    )

    def body():
        yield head
        for _ in range(60):
            yield b"x" * MEGABYTE
        yield b"\r\n--x--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = clerk.post(UPLOAD, content=body(), headers=kind)

    assert answer.status_code == 413
    assert answer.json()["error"] == "File size exceeds 50MB limit"
    assert clerk.get("/api/documents").status_code == 200


def test_a_file_that_turns_out_damaged_is_cut_off(
    server, clerk, addresses, module_engine
):
    data = pdf(at_least=3 * MEGABYTE)
    path = _upload(clerk, data)
    _damage_the_end(addresses, module_engine, path)

    got = bytearray()
    with pytest.raises(httpx.RemoteProtocolError):
        _download(clerk, path, got)

    assert 0 < len(got) < len(data)
    assert data.startswith(got)
    assert "damaged" in _refusal(clerk, path)["error"]
    assert "Lovelace" not in server.log.read_text()


def test_a_link_to_a_file_that_turned_out_damaged_opens_nothing_any_more(
    server, clerk, addresses, module_engine
):
    path = _upload(clerk, pdf(at_least=3 * MEGABYTE))
    link = clerk.post(f"{path}/shares", json={"minutes": 60}).json()["url"]
    _damage_the_end(addresses, module_engine, path)

    with server.browser() as reader:
        assert reader.get(link).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            reader.post(link)

        assert reader.get(link).status_code == 410


def _download(clerk, path, got):
    with clerk.stream("GET", path) as sent:
        assert sent.status_code == 200
        for piece in sent.iter_bytes():
            got += piece


def _refusal(clerk, path):
    """Ask until the node that answers knows of the damage."""

    def answer() -> httpx.Response | None:
        with suppress(httpx.RemoteProtocolError):
            return clerk.get(path)
        return None

    refused = eventually(answer, lambda given: given is not None)
    assert refused.status_code == 409
    return refused.json()


def _damage_the_end(addresses, module_engine, path):
    with Session(module_engine) as session:
        of_document = DocumentVersion.document_id == path.rpartition("/")[2]
        file_id = session.scalar(select(DocumentVersion.file_id).where(of_document))
    with MongoClient(addresses.mongo.admin_url) as mongo:
        chunks = mongo["chartroom"]["documents.chunks"]
        last = chunks.find_one({"files_id": ObjectId(file_id)}, sort=[("n", -1)])
        data = bytearray(last["data"])
        data[len(data) // 2] ^= 1
        chunks.update_one({"_id": last["_id"]}, {"$set": {"data": bytes(data)}})
