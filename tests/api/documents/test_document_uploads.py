"""What is accepted over the API, and what is refused while it is still arriving."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from anyio.from_thread import start_blocking_portal
from PIL import Image
from pymongo import MongoClient

from db.files.gridfs import Bucket
from services.core import throttling
from services.core.actors import Role
from services.core.throttling import Limit
from services.documents import records
from services.documents.records.errors import MAX_BYTES, DocumentIdTaken
from tests.api.document_samples import UPLOAD, pdf, upload
from tests.kit.signing_in import cookie_of

OURS = "http://127.0.0.1:8501"


def _problem(answer, status, sentence):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == answer.json()["detail"] == sentence


@pytest.fixture
def kept(module_files):
    """Counts the stored files of documents."""

    def count():
        later = datetime.now(UTC) + timedelta(days=1)
        return len(list(module_files.list_older_than(Bucket.DOCUMENTS, later)))

    return count


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Report.pdf", b"Dear doctor"),
        ("Report.pdf", b"PK\x03\x04" + b"\0" * 100),
        ("page.html", b"<html>%PDF"),
    ],
)
def test_asvs_5_2_2_what_is_no_pdf_is_refused_whatever_it_is_called(
    client, kept, name, data
):
    before = kept()

    answer = upload(client, data, name)

    _problem(answer, 400, "Only PDF files are allowed")
    assert answer.json()["property"] == "file"
    assert kept() == before


def test_a_file_without_bytes_is_called_empty(client, kept):
    before = kept()

    answer = upload(client, b"", "Report.pdf")

    sentence = "This file is empty: save or scan it again and choose that file."
    _problem(answer, 400, sentence)
    assert answer.json()["property"] == "file"
    assert kept() == before


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"json": {"file": "x"}},
        {"data": {"file": "x"}},
        {"content": b"%PDF-1.7", "headers": {"Content-Type": "application/pdf"}},
        {"files": {"other": ("Report.pdf", b"%PDF-1.7")}},
        {"files": {"file": ("", b"")}},
        {"files": {"title": (None, "Blood")}},
    ],
    ids=["nothing", "json", "form", "bare", "misnamed", "unchosen", "no-file"],
)
def test_nothing_uploaded_is_said(client, sent):
    _problem(client.ask("POST", UPLOAD, **sent), 400, "No file uploaded")


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n"]
)
def test_a_form_that_cannot_be_read_is_refused(client, body):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = client.ask("POST", UPLOAD, content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"] == answer.json()["detail"]


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"patient_id": "ada"}, "patient_id"),
        ({"document_type": "novel"}, "document_type"),
        ({"classification": "secret"}, "classification"),
        ({"retention_class": "routine"}, "retention_class"),
        ({"urgent": "very"}, "urgent"),
        ({"confidential": "true"}, "confidential"),
        ({"withheld": "true"}, "withheld"),
        ({"title": "x" * 201}, "title"),
        ({"description": "x" * 2001}, "description"),
        ({"metadata": "[1]"}, "metadata"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": '{"a": "\\u0000"}'}, "metadata"),
        ({"metadata": '{"a": "' + "x" * 20_000 + '"}'}, "metadata"),
        ({"shoe_size": "42"}, "shoe_size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fact_that_breaks_a_rule_is_refused_and_nothing_stays(
    client, kept, facts, name
):
    before = kept()

    answer = upload(client, **facts)

    assert answer.status_code == 400
    assert answer.json()["property"] == name
    assert kept() == before


@pytest.mark.parametrize(
    "metadata", ['{"n": 1e300}', '{"n": 123456789012345678901234567890}', "{}"]
)
def test_numbers_of_any_size_come_back(client, metadata):
    answer = upload(client, metadata=metadata)

    assert answer.status_code == 201
    path = f"{answer.json()['document']['id']}/details"
    assert client.get(f"/api/documents/{path}").status_code == 200


@pytest.mark.parametrize("depth", [20, 200, 400, 600, 800, 960, 990])
def test_metadata_of_any_depth_are_refused_or_come_back(client, depth):
    answer = upload(client, metadata='{"a":' * depth + "1" + "}" * depth)

    if answer.status_code == 201:
        path = f"{answer.json()['document']['id']}/details"
        assert client.get(f"/api/documents/{path}").status_code == 200
    else:
        assert answer.json()["property"] == "metadata"


def test_a_document_of_nobody_is_not_kept(client, kept):
    before = kept()

    answer = upload(client, patient_id=str(uuid4()))

    assert answer.status_code == 404
    assert kept() == before


def test_an_archived_patient_gets_no_documents(client, ada, kept):
    client.delete(f"/api/v1/patients/{ada['uuid']}")
    before = kept()

    answer = upload(client, patient_id=ada["uuid"])

    assert answer.status_code == 409
    assert kept() == before


def test_empty_fields_of_a_form_say_nothing(client):
    answer = upload(client, patient_id="", document_type="", metadata="", title="")

    assert answer.status_code == 201
    assert answer.json()["document"]["title"] == "Report"


def test_one_file_at_a_time(client):
    files = [("file", ("a.pdf", pdf())), ("file", ("b.pdf", pdf()))]

    answer = client.ask("POST", UPLOAD, files=files)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("=?utf-8?B?QmVmdW5kIE3DvGxsZXIucGRm?=", "Befund M\u00fcller.pdf"),
        ("=?utf-8?B?Li4vLi4vw7w=?=", "\u00fc.pdf"),
        ("=?klingon?B?QmVmdW5k?=", "=?klingon?B?QmVmdW5k?=.pdf"),
        ("=?utf-8?B?//8=?=", "8=?=.pdf"),
        ("=?.pdf", "=?.pdf"),
    ],
)
def test_names_come_encoded_from_dotnet(client, said, name):
    assert upload(client, name=said).json()["document"]["filename"] == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("%22Befund%22.pdf", '"Befund".pdf'),
        ("two%0D%0Alines.pdf", "two lines.pdf"),
        ("50%25 of 100%.pdf", "50%25 of 100%.pdf"),
    ],
    ids=["quotes", "lines", "percent"],
)
def test_names_come_escaped_from_browsers(client, said, name):
    head = f'Content-Disposition: form-data; name="file"; filename="{said}"'
    body = f"--x\r\n{head}\r\n\r\n".encode() + pdf() + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = client.ask("POST", UPLOAD, content=body, headers=headers)

    assert answer.json()["document"]["filename"] == name


class Flood:
    """An endless body, sent in pieces to an application."""

    def __init__(self, app, token, **headers):
        self._app, self.taken, self.status = app, 0, None
        self._first = (
            b"--x\r\nContent-Disposition: form-data; "
            b'name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
        )
        self._headers = {
            "content-type": "multipart/form-data; boundary=x",
            "authorization": f"Bearer {token}",
            **headers,
        }

    async def receive(self):
        piece = b"x" * 65_536 if self.taken else self._first
        self.taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]

    def run(self):
        scope = {
            "type": "http",
            "method": "POST",
            "path": UPLOAD,
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in self._headers.items()],
            "client": ("127.0.0.1", 1),
        }
        with start_blocking_portal() as portal:
            portal.call(self._app, scope, self.receive, self.send)
        return self


def test_asvs_5_2_1_too_much_is_refused_while_it_comes(application):
    flood = Flood(application.app, application.tokens[Role.STAFF]).run()

    assert flood.status == 413
    assert flood.taken < MAX_BYTES + 1_000_000


def test_what_says_that_it_is_too_much_is_not_even_read(application):
    said = {"content-length": str(MAX_BYTES * 2)}

    flood = Flood(application.app, application.tokens[Role.STAFF], **said).run()

    assert (flood.status, flood.taken) == (413, 0)


def test_a_stranger_may_send_nothing(application):
    flood = Flood(application.app, "x" * 43).run()

    assert (flood.status, flood.taken) == (401, 0)


def test_who_goes_away_in_the_middle_leaves_nothing_and_breaks_nothing(
    application, kept, caplog
):
    flood, before = Flood(application.app, application.tokens[Role.STAFF]), kept()

    async def receive():
        if flood.taken > 5_000_000:
            return {"type": "http.disconnect"}
        return await Flood.receive(flood)

    flood.receive = receive
    flood.run()

    assert flood.status == 400
    assert kept() == before
    assert "Unexpected error" not in caplog.text


def test_one_byte_too_many_is_refused_and_none_is_taken(client, kept):
    before = kept()
    largest = pdf(at_least=MAX_BYTES - 4096)
    largest += b"\n" * (MAX_BYTES - len(largest))

    taken = upload(client, largest)
    refused = upload(client, largest + b"\n")

    assert taken.status_code == 201
    assert taken.json()["document"]["filesize"] == MAX_BYTES
    _problem(refused, 413, "File size exceeds 50MB limit")
    assert kept() == before + 1


def test_an_account_has_so_many_uploads_and_is_told_when_to_come_again(
    as_role, monkeypatch
):
    few = Limit(f"uploads-{uuid4().hex}", 2, 3600)
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", few)
    patient, clerk = as_role(Role.PATIENT), as_role(Role.STAFF)
    taken = [upload(patient).status_code for _ in range(2)]

    refused = upload(patient)

    assert taken == [201, 201]
    assert refused.status_code == 429
    assert refused.json()["error"] == refused.json()["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert upload(clerk).status_code == 201


def test_files_that_are_refused_do_not_use_up_what_a_patient_may_file(
    as_role, monkeypatch
):
    few = Limit(f"uploads-{uuid4().hex}", 1, 3600)
    monkeypatch.setattr(throttling, "UPLOADS_PATIENT", few)
    patient = as_role(Role.PATIENT)
    no_pdf = upload(patient, b"Dear doctor")
    nothing = patient.ask("POST", UPLOAD, data={"title": "Blood"})
    long_title = upload(patient, title="x" * 201)

    taken, refused = upload(patient), upload(patient)

    statuses = [answer.status_code for answer in (no_pdf, nothing, long_title)]
    assert statuses == [400, 400, 400]
    assert (taken.status_code, refused.status_code) == (201, 429)


def test_an_account_sends_so_many_files_whatever_becomes_of_them(as_role, monkeypatch):
    few = Limit(f"tried-{uuid4().hex}", 2, 3600)
    monkeypatch.setattr(throttling, "UPLOADS_TRIED_PATIENT", few)
    patient = as_role(Role.PATIENT)

    statuses = [upload(patient, b"no PDF").status_code for _ in range(3)]

    assert statuses == [400, 400, 429]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_may_file_nothing_uses_nobodys_time(as_role, role):
    assert upload(as_role(role)).status_code == 403


def test_what_is_refused_at_the_last_moment_leaves_nothing(client, kept, monkeypatch):
    def refuse(*_):
        raise DocumentIdTaken

    monkeypatch.setattr(records, "file", refuse)
    before = kept()

    assert upload(client).status_code == 409
    assert kept() == before


@pytest.fixture
def in_browser(stranger, application):
    """A client of somebody at the desk in a browser, on the page of some site."""

    def ask(method, path, headers, **sent):
        clerk = application.people[Role.STAFF]
        cookie = {"Cookie": cookie_of(application.database, clerk.id)}
        return stranger.ask(method, path, headers=cookie | headers, **sent)

    return ask


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OURS}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_asvs_3_5_1_a_cookie_changes_things_only_from_our_own_pages(
    in_browser, headers, status
):
    file = {"file": ("a.pdf", pdf())}

    answer = in_browser("POST", UPLOAD, headers, files=file)

    assert answer.status_code == status


def test_nothing_readable_of_a_document_is_in_the_store(
    client, addresses, module_files
):
    word = uuid4().hex
    upload(client, pdf(word), f"{word}.pdf", title=word)

    name = module_files._database.name
    with MongoClient(addresses.mongo.admin_url) as mongo:
        chunks = mongo[name]["documents.chunks"].find()
        entries = str(list(mongo[name]["documents.files"].find()))
        assert not any(word.encode() in chunk["data"] for chunk in chunks)
    assert word not in entries


def test_uploads_are_timed_for_prometheus(client):
    def counted():
        (line,) = (
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("chartroom_upload_seconds_count ")
        )
        return float(line.split()[1])

    before = counted()

    upload(client)
    upload(client, b"no PDF")
    photo = BytesIO()
    Image.new("RGB", (30, 40)).save(photo, "JPEG")
    assert upload(client, photo.getvalue(), "photo.jpg").status_code == 201

    assert counted() == before + 3


def test_the_date_of_the_paper_is_kept_and_lists_go_by_it(client, ada):
    for name, dated_on in (("new", "2026-02-03"), ("old", "1999-12-31")):
        facts = {"dated_on": dated_on, "patient_id": ada["uuid"]}
        sent = upload(client, None, f"{name}.pdf", **facts).json()["document"]
        assert sent["dated_on"] == dated_on
    wanted = (
        f"1_field=patient_id&1_operator=EQUAL&1_value={ada['uuid']}"
        "&2_field=dated_on&2_operator=LESS_THAN&2_value=2026-01-01"
    )

    documents = client.get(f"/api/documents?{wanted}").json()["documents"]
    every = client.get(
        f"/api/documents?{wanted.partition('&2_')[0]}&orderBy=dated_on&order=asc"
    ).json()["documents"]

    assert [document["title"] for document in documents] == ["old"]
    assert [document["title"] for document in every] == ["old", "new"]


@pytest.mark.parametrize("dated_on", ["31.12.2020", "1899-12-31", "2999-01-01"])
def test_a_date_that_no_paper_has_is_refused_by_its_name(client, dated_on):
    answer = upload(client, dated_on=dated_on)

    assert answer.status_code == 400
    assert answer.json()["property"] == "dated_on"
