"""Files sent in parts by the protocol tus, and filed by their name."""

import base64
import hashlib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from anyio.from_thread import start_blocking_portal
from sqlalchemy import update

from api.application import create_api
from api.core.dependencies import Stores
from api.documents import upload_parts
from db.files.gridfs import Bucket
from db.models.incoming import Upload
from db.postgres import SYSTEM
from jobs.documents.uploads import expire
from services.core import throttling
from services.core.actors import Role
from services.core.throttling import Limit
from services.documents.records.errors import MAX_BYTES
from services.documents.uploads.model import MOST_UPLOADS
from tests.api.conftest import Client
from tests.api.document_samples import UPLOAD, pdf
from tests.api.sources.http_files import named_requests_of

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


def begin(client, length, name="Report.pdf", **headers):
    said = base64.b64encode(name.encode()).decode()
    about = {"Upload-Length": str(length), "Upload-Metadata": f"filename {said}"}
    return client.ask("POST", UPLOADS, headers=TUS | about | headers)


def send(client, path, offset, data, **headers):
    about = {
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    return client.ask("PATCH", path, content=data, headers=TUS | about | headers)


def offset_of(client, path):
    answer = client.ask("HEAD", path, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def checksum(name, data):
    digest = base64.b64encode(hashlib.new(name, data).digest()).decode()
    return {"Upload-Checksum": f"{name} {digest}"}


@pytest.fixture
def parts(module_files):
    """Counts the parts in the store."""

    def count():
        later = datetime.now(UTC) + timedelta(days=1)
        return len(list(module_files.list_older_than(Bucket.UPLOAD_PARTS, later)))

    return count


@pytest.fixture
def path(client):
    """The path of an upload of eight bytes, none of which is there yet."""
    answer = begin(client, 8)
    yield answer.headers["location"]
    client.ask("DELETE", answer.headers["location"], headers=TUS)


def test_a_file_comes_in_parts_and_is_filed_by_its_name(client, ada, parts):
    data = pdf(at_least=300_000)
    cut, before = 123_456, parts()

    begun = begin(client, len(data), "Röntgen.pdf")
    path = begun.headers["location"]
    first = send(client, path, 0, data[:cut])
    assert offset_of(client, path) == cut
    rest = send(client, path, cut, data[cut:])
    filed = client.ask(
        "POST",
        UPLOAD,
        files={
            "upload": (None, path.rpartition("/")[2]),
            "patient_id": (None, ada["uuid"]),
        },
    )

    assert [begun.status_code, first.status_code, rest.status_code] == [201, 204, 204]
    assert rest.headers["upload-offset"] == str(len(data))
    assert filed.status_code == 201
    document = filed.json()["document"]
    assert (document["title"], document["patient_id"]) == ("Röntgen", ada["uuid"])
    assert client.get(f"/api/documents/{document['id']}").content == data
    # An upload is filed once, and none of its parts remains.
    assert client.ask("HEAD", path, headers=TUS).status_code == 404
    assert parts() == before


@pytest.fixture
def another_server(application, module_files, module_log, module_limits, papers):
    """A client of somebody at the front desk on another web server."""
    stores = Stores(
        application.database,
        module_files,
        module_log,
        module_limits,
        papers,
        monitor=application.monitor,
        runner=None,
        now=lambda: datetime.now(UTC),
    )
    with closing(Client(create_api(stores), application.tokens[Role.STAFF])) as client:
        yield client


def test_another_web_server_goes_on_where_one_has_stopped(client, path, another_server):
    send(client, path, 0, b"%PDF")

    assert offset_of(another_server, path) == 4
    assert send(another_server, path, 4, b"-1.7").status_code == 204
    assert offset_of(client, path) == 8


def test_a_new_version_comes_in_parts_as_well(client):
    first = client.ask("POST", UPLOAD, files={"file": ("a.pdf", pdf())}).json()
    data = pdf()
    path = begin(client, len(data)).headers["location"]
    send(client, path, 0, data)

    answer = client.ask(
        "POST",
        f"/api/documents/{first['document']['id']}/versions",
        files={"upload": (None, path.rpartition("/")[2])},
    )

    assert answer.status_code == 201
    assert answer.json()["document"]["version"] == 2


def test_the_calls_that_editors_run_are_the_protocols(client):
    calls, data = named_requests_of("uploads-in-parts.http"), pdf()
    known = {"length": str(len(data)), "token": "", "address": ""}
    known["upload"] = str(uuid4())
    described, begun, sent, stands, _, given_up = (
        lambda known, call=call: call.filled(**known).send(client, {"report.pdf": data})
        for call in calls.values()
    )

    assert described(known).status_code == 204
    known["upload"] = begun(known).headers["location"].rpartition("/")[2]
    assert sent(known).status_code == 204
    assert stands(known).headers["upload-offset"] == str(len(data))
    # The text of a form is no header: an editor fills it in as well.
    form = calls["File it"]
    text = form.text.replace("{{upload}}", known["upload"])
    answer = replace(form, text=text).send(client)
    assert answer.json()["document"]["document_type"] == "lab_report"
    assert given_up(known).status_code == 404


def test_what_is_spoken_here_can_be_asked(client):
    answer = client.ask("OPTIONS", UPLOADS)

    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(MAX_BYTES)
    assert answer.headers["tus-extension"] == "creation,expiration,termination,checksum"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "0.2.2"}])
def test_another_version_of_the_protocol_is_not_understood(client, method, headers):
    path = UPLOADS if method == "POST" else f"{UPLOADS}/{uuid4()}"

    answer = client.ask(method, path, headers=headers)

    assert answer.status_code == 412
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": str(MAX_BYTES + 1)}, 413),
        ({"Upload-Length": "9" * 19}, 413),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": ""}, 400),
        ({"Upload-Length": "٣"}, 400),
        ({"Upload-Metadata": "filename ?"}, 400),
        ({"Upload-Metadata": "a b c"}, 400),
        ({"Upload-Metadata": "filename " + "A" * 4100}, 400),
    ],
    ids=["51 MB", "exabytes", "negative", "none", "arabic", "no-base64", "odd", "long"],
)
def test_what_cannot_be_begun_is_refused_with_its_name(client, headers, status):
    said = {name: value.encode() for name, value in headers.items()}

    answer = client.ask("POST", UPLOADS, headers=TUS | {"Upload-Length": b"1"} | said)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_bytes_from_elsewhere_than_where_it_stands_are_refused(client, path):
    send(client, path, 0, b"%PDF")

    for offset in (0, 3, 5, 8):
        answer = send(client, path, offset, b"-1.7")
        assert answer.status_code == 409
        assert "continues at byte 4" in answer.json()["detail"]
    assert offset_of(client, path) == 4


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/pdf"}, 415),
        ({"Upload-Offset": "four"}, 400),
        ({"Upload-Checksum": "md5 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 ?"}, 400),
    ],
)
def test_a_part_that_is_not_understood_is_refused(client, path, headers, status):
    assert send(client, path, 0, b"%PDF", **headers).status_code == status
    assert offset_of(client, path) == 0


def test_bytes_that_are_compressed_on_their_way_are_refused(client, path):
    refused = send(client, path, 0, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    plain = send(client, path, 0, b"%PDF", **{"Content-Encoding": "identity"})

    assert (refused.status_code, plain.status_code) == (415, 204)
    assert "without Content-Encoding" in refused.json()["detail"]
    assert refused.headers["accept-encoding"] == "identity"
    assert plain.headers["upload-offset"] == "4"


def test_more_bytes_than_were_said_are_refused(client, path, parts):
    before = parts()

    answer = send(client, path, 0, b"nine byte")

    assert answer.status_code == 400
    assert answer.json()["property"] == "Upload-Length"
    assert (offset_of(client, path), parts()) == (0, before)


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_bytes_that_do_not_fit_their_checksum_are_not_kept(client, path, name, parts):
    before = parts()
    broken = send(client, path, 0, b"%PDF", **checksum(name, b"%PDG"))
    there = offset_of(client, path)
    whole = send(client, path, 0, b"%PDF", **checksum(name, b"%PDF"))

    assert (broken.status_code, there) == (460, 0)
    assert broken.json()["title"] == "Checksum Mismatch"
    assert (whole.status_code, offset_of(client, path)) == (204, 4)
    assert parts() == before + 1


def test_a_given_up_upload_is_gone_with_its_parts(client, parts):
    before = parts()
    path = begin(client, 8).headers["location"]
    send(client, path, 0, b"%PDF")

    assert client.ask("DELETE", path, headers=TUS).status_code == 204
    assert client.ask("HEAD", path, headers=TUS).status_code == 404
    assert parts() == before


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.PATIENT])
def test_nobody_elses_upload_is_there(as_role, path, method, role):
    other = as_role(role)
    answer = (
        send(other, path, 0, b"%PDF")
        if method == "PATCH"
        else other.ask(method, path, headers=TUS)
    )

    assert answer.status_code == 404


def test_nobody_files_what_somebody_else_has_sent(client, as_role):
    path = begin(client, 4).headers["location"]
    send(client, path, 0, b"%PDF")
    named = {"upload": (None, path.rpartition("/")[2])}

    answer = as_role(Role.CLINICIAN).ask("POST", UPLOAD, files=named)

    assert answer.status_code == 404
    assert offset_of(client, path) == 4


def test_what_is_not_whole_is_not_filed(client, path):
    send(client, path, 0, b"%PDF")
    named = {"upload": (None, path.rpartition("/")[2])}

    answer = client.ask("POST", UPLOAD, files=named)

    assert answer.status_code == 409
    assert "4 of 8 bytes" in answer.json()["detail"]


def test_what_is_refused_when_it_is_filed_stays_to_be_filed_otherwise(client):
    data = b"no PDF"
    path = begin(client, len(data)).headers["location"]
    send(client, path, 0, data)
    named = {"upload": (None, path.rpartition("/")[2])}

    answer = client.ask("POST", UPLOAD, files=named)

    assert answer.status_code == 400
    assert offset_of(client, path) == len(data)


def test_a_file_or_an_upload_but_not_both(client, path):
    named = {"upload": (None, path.rpartition("/")[2]), "file": ("a.pdf", pdf())}

    answer = client.ask("POST", UPLOAD, files=named)

    assert (answer.status_code, answer.json()["property"]) == (400, "upload")


@pytest.mark.parametrize("length", [1, MAX_BYTES], ids=["in number", "in bytes"])
def test_a_person_has_only_so_much_under_way(as_role, length):
    clinician = as_role(Role.CLINICIAN)
    paths, refused = [], None
    for _ in range(MOST_UPLOADS + 1):
        answer = begin(clinician, length)
        if answer.status_code != 201:
            refused = answer
            break
        paths.append(answer.headers["location"])
    for path in paths:
        clinician.ask("DELETE", path, headers=TUS)

    assert len(paths) == (MOST_UPLOADS if length == 1 else 4)
    assert refused.status_code == 409
    assert "each expires after 24 hours" in refused.json()["detail"]


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN, Role.PATIENT])
def test_an_upload_begun_again_with_its_key_is_the_same_one(as_role, role):
    sender, key = as_role(role), {"Idempotency-Key": uuid4().hex}
    path = begin(sender, 8, **key).headers["location"]
    send(sender, path, 0, b"%PDF")
    paths = [path]
    while (other := begin(sender, 1)).status_code == 201:
        paths.append(other.headers["location"])

    again, longer = begin(sender, 8, **key), begin(sender, 9, **key)
    for each in paths:
        sender.ask("DELETE", each, headers=TUS)

    assert (again.status_code, longer.status_code) == (201, 409)
    assert again.headers["location"] == path
    assert again.headers["upload-offset"] == "4"


def test_a_person_begins_so_many_in_an_hour(as_role, monkeypatch):
    few = Limit(f"begun-{uuid4().hex}", 1, 3600)
    monkeypatch.setattr(throttling, "UPLOADS_TRIED_STAFF", few)
    clerk = as_role(Role.STAFF)

    paths = [begin(clerk, 1) for _ in range(2)]

    assert [answer.status_code for answer in paths] == [201, 429]
    clerk.ask("DELETE", paths[0].headers["location"], headers=TUS)


def test_an_upload_expires_and_the_worker_removes_it(client, application, module_files):
    path = begin(client, 8).headers["location"]
    send(client, path, 0, b"%PDF")
    upload_id = path.rpartition("/")[2]
    now = datetime.now(UTC)

    def age(session):
        over = {"expires_at": now - timedelta(seconds=1)}
        session.execute(update(Upload).where(Upload.id == upload_id).values(over))

    application.database.write(age, identity=SYSTEM)
    late = send(client, path, 4, b"-1.7")
    expire(application.database, module_files, now)

    assert late.status_code == 410
    assert client.ask("HEAD", path, headers=TUS).status_code == 404


def test_parts_that_a_crash_has_left_go_once_no_upload_can_need_them(
    application, module_files
):
    left = module_files.put(Bucket.UPLOAD_PARTS, b"%PDF", content_type="x/y")
    now = datetime.now(UTC)

    expire(application.database, module_files, now + timedelta(hours=24))
    there = module_files.exists(Bucket.UPLOAD_PARTS, left)
    expire(application.database, module_files, now + timedelta(hours=26))

    assert there
    assert not module_files.exists(Bucket.UPLOAD_PARTS, left)


class BrokenLine:
    """A call whose connection breaks after a few pieces, as the application sees it."""

    def __init__(self, app, token, path, *pieces):
        self._app, self._path, self._pieces = app, path, list(pieces)
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/offset+octet-stream",
            "tus-resumable": "1.0.0",
            "upload-offset": "0",
        }

    async def receive(self):
        if self._pieces:
            body = self._pieces.pop(0)
            return {"type": "http.request", "body": body, "more_body": True}
        return {"type": "http.disconnect"}

    async def send(self, message):
        """Discard the answer: nobody receives it."""

    def run(self):
        scope = {
            "type": "http",
            "method": "PATCH",
            "path": self._path,
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in self._headers.items()],
            "client": ("127.0.0.1", 1),
        }
        with start_blocking_portal() as portal:
            portal.call(self._app, scope, self.receive, self.send)


def test_what_came_before_the_line_broke_is_kept(client, application, path):
    token = application.tokens[Role.STAFF]

    BrokenLine(application.app, token, path, b"%PD", b"F-").run()

    assert offset_of(client, path) == 5
    assert send(client, path, 5, b"1.7").status_code == 204


def test_a_long_call_is_kept_in_parts(client, path, parts, monkeypatch):
    monkeypatch.setattr(upload_parts, "PART_BYTES", 3)
    before = parts()

    async def pieces():
        for piece in (b"%PD", b"F-", b"1.7"):
            yield piece

    assert send(client, path, 0, pieces()).headers["upload-offset"] == "8"
    assert parts() == before + 2


@pytest.mark.parametrize(
    ("method", "status"), [("PATCH", 204), ("DELETE", 204), ("", 405), ("GET", 405)]
)
def test_where_only_post_passes_a_header_says_what_is_meant(client, method, status):
    path = begin(client, 4).headers["location"]
    about = {
        "X-HTTP-Method-Override": method,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }

    answer = client.ask("POST", path, content=b"%PDF", headers=TUS | about)

    assert answer.status_code == status


def test_nothing_readable_of_a_part_is_in_the_store(client, path, module_files):
    send(client, path, 0, b"readable")

    chunks = module_files._database["upload_parts.chunks"].find()
    assert not any(b"readable" in chunk["data"] for chunk in chunks)
