"""Documents' files as they are sent: whole, in parts, page by page, never wrong."""

import io

import pytest
from anyio import sleep_forever
from bson import ObjectId
from PIL import Image
from pymongo import MongoClient
from sqlalchemy import select, update

from db.models.audit import AuditEvent
from db.models.document import DocumentVersion
from db.postgres import SYSTEM
from services.core.actors import Role, Scope
from services.pdf import waiting
from services.pdf.report import PageWords, Word
from services.people import tokens
from tests.api.conftest import NEWEST, Client
from tests.api.document_samples import pdf, upload
from tests.kit.replicas import write_everywhere
from tests.services.pdf import samples


@pytest.fixture
def data():
    return pdf("First page", "Second page", at_least=700_000)


@pytest.fixture
def filed(client, ada, data):
    return upload(client, data, "Blutbild Müller.pdf", patient_id=ada["uuid"]).json()[
        "document"
    ]


@pytest.fixture
def path(filed):
    return f"/api/documents/{filed['id']}"


@pytest.fixture
def events(application, filed):
    """Returns the document's events: the actions and their details."""

    def find():
        def read(session):
            about = select(AuditEvent).where(AuditEvent.subject_id == filed["id"])
            return list(session.scalars(about.order_by(AuditEvent.position)))

        recorded = application.database.write(read, identity=SYSTEM).value
        return [(event.action, event.details) for event in recorded]

    return find


def test_a_file_comes_back_byte_for_byte(client, path, data, filed):
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["etag"] == f'"{filed["sha256"]}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="Blutbild Muller.pdf"; '
        "filename*=UTF-8''Blutbild%20M%C3%BCller.pdf"
    )


@pytest.mark.parametrize(
    ("range_", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=262140-262150", slice(262_140, 262_151)),
        ("bytes=600000-", slice(600_000, None)),
        ("bytes=-7", slice(-7, None)),
    ],
)
def test_a_part_comes_as_it_was_asked_for(client, path, data, range_, part):
    answer = client.get(path, headers={"Range": range_})

    expected = data[part]
    assert answer.status_code == 206
    assert answer.content == expected
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["content-range"].endswith(f"/{len(data)}")


def test_a_part_beyond_the_end_is_refused_with_the_size(client, path, data):
    answer = client.get(path, headers={"Range": f"bytes={len(data)}-"})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(data)}"
    assert answer.json()["error"] == answer.json()["detail"]


def test_a_broken_off_download_goes_on_only_with_the_same_file(
    client, path, data, filed
):
    rest = {"Range": "bytes=1000-"}
    same = rest | {"If-Range": f'"{filed["sha256"]}"'}

    going_on = client.get(path, headers=same)
    anew = client.get(path, headers=rest | {"If-Range": '"other"'})

    assert (going_on.status_code, going_on.content) == (206, data[1000:])
    assert (anew.status_code, anew.content) == (200, data)


def test_who_has_the_file_gets_it_not_again(client, path, filed, events):
    known = {"If-None-Match": f'"{filed["sha256"]}"'}

    answer = client.get(path, headers=known)

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == known["If-None-Match"]
    assert "document:download" not in [action for action, _ in events()]


def test_asking_for_the_head_sends_and_counts_nothing(client, path, data, events):
    answer = client.ask("HEAD", path)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(data))
    assert "document:download" not in [action for action, _ in events()]
    assert client.ask("HEAD", path + "?version=2").status_code == 404


@pytest.mark.parametrize("version", ["0", "-1", "x", "99999999999"])
def test_a_version_is_a_number(client, path, version):
    answer = client.get(f"{path}?version={version}")

    assert answer.status_code == 400
    assert answer.json()["error"] == answer.json()["detail"]


def _page(filed, page=1, version=1, **parameters):
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    place = f"/files/documents/{filed['id']}/versions/{version}/pages/{page}.png"
    return f"{place}?{query}"


def test_a_page_is_a_picture_that_nobody_keeps(client, filed, events):
    answer = client.get(_page(filed, 2, width=400))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    assert Image.open(io.BytesIO(answer.content)).width == 400
    assert events()[-1] == ("document:view", {"version": 1, "page": 2})


def test_a_page_to_be_printed_is_in_the_audit_log_as_that(client, filed, events):
    assert client.get(_page(filed, 2, purpose="print")).status_code == 200

    assert events()[-1] == ("document:print", {"version": 1, "page": 2})
    assert client.get(_page(filed, 2, purpose="fun")).status_code == 400


def _words(client, filed, page, version=1):
    place = f"/files/documents/{filed['id']}/versions/{version}/pages/{page}.json"
    return client.get(place)


def test_the_words_of_a_page_that_was_just_shown_are_no_second_look(
    client, filed, events
):
    client.get(_page(filed, 2))
    before = events()

    answer = _words(client, filed, 2)

    assert [word["text"] for word in answer.json()["words"]] == ["Second", "page"]
    assert answer.headers["cache-control"] == "no-store"
    assert events() == before
    # Nobody reads a page unrecorded because they left out its picture.
    assert _words(client, filed, 1).status_code == 200
    assert events()[-1] == ("document:view", {"version": 1, "page": 1})


def test_words_that_were_read_from_a_scan_are_told_with_their_places(
    client, as_role, application, ada
):
    scan = upload(client, samples.wide_tree(2), "scan.pdf", patient_id=ada["uuid"])
    filed = scan.json()["document"]
    assert _words(client, filed, 1).json()["words"] == []
    word = Word("Haemoglobin", 0.1, 0.2, 0.3, 0.04, "")

    def keep(session):
        (file,) = session.scalars(
            select(DocumentVersion.file_id).where(
                DocumentVersion.document_id == filed["id"]
            )
        )
        read = [None, PageWords(595, 842, (word,))]
        waiting.record_words(session, file, (), read, is_all=True)

    write_everywhere(application.database, keep)

    assert _words(client, filed, 2).json()["words"] == [word._asdict()]
    assert _words(client, filed, 1).json()["words"] == []
    text = client.get(f"/files/documents/{filed['id']}/versions/1/text.json")
    assert text.json()["pages"] == ["", "Haemoglobin"]
    assert _words(as_role(Role.ANALYST), filed, 2).status_code == 403


def test_the_words_of_a_page_are_for_who_may_see_it(
    client, as_role, application, filed
):
    assert _words(client, filed, 3).status_code == 404
    assert _words(client, filed, 1, version=2).status_code == 404
    client.get(_page(filed, 1))
    assert _words(as_role(Role.PATIENT), filed, 1).status_code == 404
    assert _words(as_role(Role.ADMIN), filed, 1).status_code == 403
    _mark(application, filed, scan="infected")
    assert _words(client, filed, 1).status_code == 409


def test_the_text_of_all_pages_is_one_look_at_the_document(
    client, as_role, filed, events
):
    place = f"/files/documents/{filed['id']}/versions/1/text.json"

    answer = client.get(place)

    assert [text.strip() for text in answer.json()["pages"]] == [
        "First page",
        "Second page",
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert events()[-1] == ("document:view", {"version": 1, "text": True})
    assert as_role(Role.PATIENT).get(place).status_code == 404
    assert as_role(Role.ADMIN).get(place).status_code == 403


def test_small_pictures_of_all_pages_are_to_be_had(client, filed, events):
    place = f"/files/documents/{filed['id']}/versions/1/thumbnail.png"
    before = events()

    first, second = (client.get(f"{place}?page={page}") for page in (1, 2))

    assert first.content == client.get(place).content != second.content
    assert client.get(f"{place}?page=3").status_code == 404
    assert events() == before


def test_the_picture_that_a_document_was_made_of_comes_back_as_it_came(client, as_role):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    Image.new("RGB", (30, 40)).save(file, "JPEG", exif=exif)
    filed = upload(client, file.getvalue(), "Wunde.jpg").json()["document"]
    path = f"/api/documents/{filed['id']}"

    answer = client.get(f"{path}/original")

    assert filed["filename"] == "Wunde.pdf"
    assert client.get(path).content.startswith(b"%PDF-")
    assert answer.content == file.getvalue()
    assert answer.headers["content-type"] == "image/jpeg"
    assert 'filename="Wunde.jpg"' in answer.headers["content-disposition"]
    known = client.get(f"{path}/details").json()["original"]
    assert (known["filename"], known["filesize"]) == ("Wunde.jpg", len(answer.content))
    assert as_role(Role.PATIENT).get(f"{path}/original").status_code == 404


def test_what_came_as_a_pdf_has_no_other_original(client, path):
    assert client.get(f"{path}/original").status_code == 404
    assert client.get(f"{path}/details").json()["original"] is None


def test_a_thumbnail_is_kept_for_its_reader_and_needs_the_file_once(
    client, as_role, filed, damage, events
):
    place = f"/files/documents/{filed['id']}/versions/1/thumbnail.png"
    before = events()
    answer = client.get(place)

    assert Image.open(io.BytesIO(answer.content)).width in {120, 121}
    assert answer.headers["cache-control"] == "private, max-age=600"
    assert "Cookie" in answer.headers["vary"].split(", ")
    # It belongs to the list that shows it, and only the list is recorded.
    assert events() == before
    damage(last=False)
    assert client.get(place).content == answer.content
    assert as_role(Role.PATIENT).get(place).status_code == 404


def test_the_next_page_is_not_decrypted_again_but_asked_for_and_written_down(
    client, as_role, filed, damage, events
):
    assert client.get(_page(filed, 1)).status_code == 200
    damage(last=False)

    assert client.get(_page(filed, 2)).status_code == 200
    assert [details.get("page") for _, details in events()][-2:] == [1, 2]
    assert as_role(Role.ADMIN).get(_page(filed, 2)).status_code == 403
    client.ask("DELETE", f"/api/documents/{filed['id']}")
    assert client.get(_page(filed, 2)).status_code == 404


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"page": 3}, 404),
        ({"version": 2}, 404),
        ({"page": 0}, 400),
        ({"page": "x"}, 400),
        ({"width": 99}, 400),
        ({"width": 2401}, 400),
        ({"width": "x"}, 400),
    ],
)
def test_a_page_that_is_not_there_is_refused(client, filed, parameters, status):
    answer = client.get(_page(filed, **parameters))

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("role", "status"), [(Role.PATIENT, 404), (Role.ANALYST, 403), (Role.ADMIN, 403)]
)
def test_asvs_8_2_2_nobody_elses_pages_are_shown(as_role, filed, path, role, status):
    for place in (_page(filed), path):
        assert as_role(role).get(place).status_code == status


@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_asvs_5_4_3_what_is_in_quarantine_is_listed_and_never_sent(
    client, application, filed, path, scan
):
    _mark(application, filed, scan=scan)

    details = client.get(f"{path}/details").json()

    assert (details["scan"], details["is_served"]) == (scan, False)
    # A client with an older copy does not get confirmed that it is still current.
    known = {"If-None-Match": f'"{filed["sha256"]}"'}
    for place in (path, _page(filed)):
        assert client.get(place).status_code == 409
        assert client.get(place, headers=known).status_code == 409
    assert client.ask("HEAD", path).status_code == 409


def _mark(application, filed, **values):
    def change(session):
        session.execute(
            update(DocumentVersion)
            .where(DocumentVersion.document_id == filed["id"])
            .values(values)
        )

    write_everywhere(application.database, change)


@pytest.fixture
def damage(application, filed, addresses, module_files):
    """Flip a bit in the store, in the last or the first chunk of a file."""

    def flip(*, last):
        def find(session):
            of_document = DocumentVersion.document_id == filed["id"]
            return session.scalar(select(DocumentVersion.file_id).where(of_document))

        file_id = ObjectId(application.database.write(find, identity=SYSTEM).value)
        with MongoClient(addresses.mongo.admin_url) as mongo:
            chunks = mongo[module_files._database.name]["documents.chunks"]
            order = [("n", -1 if last else 1)]
            chunk = chunks.find_one({"files_id": file_id}, sort=order)
            data = bytearray(chunk["data"])
            data[len(data) // 2] ^= 1
            chunks.update_one({"_id": chunk["_id"]}, {"$set": {"data": bytes(data)}})

    return flip


def test_a_flipped_bit_at_the_beginning_is_said_at_once_and_remembered(
    client, path, damage, events
):
    damage(last=False)

    answers = [client.get(path) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "damaged in the store" in answers[0].json()["error"]
    actions = [action for action, _ in events()]
    assert actions.count("document:damaged") == 1
    # Read from the primary: a replica may not know of the damage yet.
    details = client.get(f"{path}/details", headers=NEWEST).json()
    assert details["versions"][0]["damaged_at"]


def test_a_page_of_a_damaged_file_is_not_shown(client, filed, damage, events):
    damage(last=True)

    assert client.get(_page(filed)).status_code == 409
    assert "document:damaged" in [action for action, _ in events()]


def test_a_flipped_bit_later_breaks_the_download_off(
    client, path, data, damage, events
):
    damage(last=True)

    got, is_complete = _download(client, path)

    assert not is_complete
    assert data.startswith(got)
    assert len(got) < len(data)
    assert ("document:damaged", {"version": 1}) in events()
    # Read from the primary: a replica may not know of the damage yet.
    assert client.get(path, headers=NEWEST).status_code == 409


def _download(client, path):
    """Return a file's received bytes, and whether the server ended the response."""
    got, complete = bytearray(), []

    async def send(message):
        if message["type"] == "http.response.body":
            got.extend(message.get("body", b""))
            complete.append(not message.get("more_body", False))

    async def receive():
        await sleep_forever()

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {client._token}".encode())],
        "client": ("127.0.0.1", 1),
    }
    client._portal.call(client._app, scope, receive, send)
    return bytes(got), any(complete)


def test_a_token_that_may_only_write_reads_nothing(application, filed, path, as_role):
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.STAFF, scopes=frozenset({Scope.READ_PATIENTS})
        ),
        identity=SYSTEM,
    ).value
    client = Client(application.app, token, application.position)
    assert client.get(path).status_code == 403
    assert client.get("/api/documents").status_code == 403
    assert upload(client).status_code == 403
    client.close()


def test_a_token_that_may_only_read_lists_no_deleted_documents(application):
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.STAFF, scopes=frozenset({Scope.READ_DOCUMENTS})
        ),
        identity=SYSTEM,
    ).value
    client = Client(application.app, token, application.position)

    answer = client.get("/api/documents?archived=true")

    assert answer.status_code == 403
    assert "made for less" in answer.json()["detail"]
    assert client.get("/api/documents").status_code == 200
    client.close()
