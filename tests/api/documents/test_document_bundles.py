"""Several documents in one archive: what is in it, what is not, and who took it."""

import io
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4
from zipfile import ZipFile

import pypdfium2
import pytest
from sqlalchemy import select, update

from api.documents.document_bundles import entry_of
from db.models.audit import AuditEvent
from db.models.document import DocumentVersion
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.document_samples import pdf, upload

PATH = "/files/documents.zip"
PRINTED = "/files/documents.pdf"


@pytest.fixture
def file(client):
    """File a letter with this text; return its description and its bytes."""

    def file(words, name):
        data = pdf(words)
        return upload(client, data, name).json()["document"], data

    return file


def ask(client, *ids, path=PATH):
    return client.get(f"{path}?{'&'.join(f'document={each}' for each in ids)}")


def events_of(application, action, ids):
    def read(session):
        wanted = AuditEvent.subject_id.in_(ids) & (AuditEvent.action == action)
        return sorted(session.scalars(select(AuditEvent.subject_id).where(wanted)))

    return application.database.write(read, identity=SYSTEM).value


def change(application, document_id, **values):
    application.database.write(
        lambda session: session.execute(
            update(DocumentVersion)
            .where(DocumentVersion.document_id == document_id)
            .values(**values)
        ),
        identity=SYSTEM,
    )


def infect(application, document_id):
    change(application, document_id, scan="infected")


def unpacked(answer):
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_files_come_whole_and_none_hides_another_of_its_name(client, file):
    (first, first_content), (second, second_content) = (
        file("one", "Befund ü.pdf"),
        file("two", "befund Ü.pdf"),
    )

    answer = ask(client, first["id"], second["id"], first["id"])

    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert unpacked(answer) == {
        "Befund ü.pdf": first_content,
        "befund Ü (2).pdf": second_content,
    }


def test_any_system_can_unpack_the_archive(client, file, tmp_path):
    names = {
        "Chest: AP?.pdf": "Chest_ AP_.pdf",
        "aux.PDF": "aux_.pdf",
        "Con.report.pdf": "Con_.report.pdf",
        "nul .pdf": "nul_.pdf",
        "com\u00b9.pdf": "com\u00b9_.pdf",
        "Concern.pdf": "Concern.pdf",
        "M\u00fcller.pdf": "M\u00fcller.pdf",
        "Mu\u0308ller.pdf": "M\u00fcller (2).pdf",
        "\u00e9" * 250 + ".pdf": "\u00e9" * 120 + ".pdf",
    }
    filed = [file(str(at), name)[0]["id"] for at, name in enumerate(names)]

    with ZipFile(io.BytesIO(ask(client, *filed).content)) as archive:
        archive.extractall(tmp_path)

    assert archive.namelist() == list(names.values())
    assert {each.name for each in tmp_path.iterdir()} == set(names.values())


def test_a_file_has_the_time_of_the_clinics_clock():
    apia = timezone(timedelta(hours=13))
    filed_at = datetime(2026, 11, 29, 20, 15, tzinfo=UTC).astimezone(apia)

    entry = entry_of("letter.pdf", filed_at)

    assert entry.date_time == (2026, 11, 30, 9, 15, 0)


def test_each_is_written_down_as_a_download(client, application, file):
    ids = [file(words, f"{words}.pdf")[0]["id"] for words in ("three", "four")]
    ask(client, *ids)

    assert events_of(application, "document:download", ids) == sorted(ids)


def test_what_may_not_be_had_is_left_out_and_said(client, application, file):
    infected, _ = file("six", "bad.pdf")
    infect(application, infected["id"])
    # A client that has filed another one sees all earlier writes on every server.
    clean, data = file("five", "clean.pdf")

    inside = unpacked(ask(client, infected["id"], clean["id"], uuid4()))

    assert inside["clean.pdf"] == data
    assert inside.keys() == {"clean.pdf", "Not included.txt"}
    why = inside["Not included.txt"].decode()
    assert "bad: " in why
    assert "Document not found" in why


def test_documents_of_others_are_not_there_for_a_patient(as_role, file):
    assert (
        ask(as_role(Role.PATIENT), file("seven", "x.pdf")[0]["id"]).status_code == 404
    )


def test_more_than_a_hundred_at_once_are_refused(client):
    assert ask(client, *(uuid4() for _ in range(101))).status_code == 400


def test_what_stands_in_the_clinics_own_fields_comes_as_a_table(client, as_role):
    admin = as_role(Role.ADMIN)
    for name, kind in (("Lot", "text"), ("Volume", "number"), ("Unused", "flag")):
        said = {"name": name, "kind": kind, "document_types": ["consent"]}
        admin.post("/api/document-fields", json=said)
    filed = [
        upload(
            client,
            pdf(words),
            f"{words}.pdf",
            document_type="consent",
            custom_fields=values,
        ).json()["document"]["id"]
        for words, values in (
            ("lot", '{"lot": "=1+1", "volume": -2.5}'),
            ("no lot", "{}"),
        )
    ]

    files = unpacked(ask(client, *filed))

    assert list(files) == ["lot.pdf", "no lot.pdf", "Documents.csv"]
    assert files["Documents.csv"].decode("utf-8-sig").splitlines() == [
        "file,title,document_type,dated_on,Lot,Volume",
        "lot.pdf,lot,consent,,'=1+1,-2.5",
        "no lot.pdf,no lot,consent,,,",
    ]


def test_several_are_printed_as_one_pdf_in_the_order_of_the_call(
    client, application, file
):
    ids = [file(words, f"{words}.pdf")[0]["id"] for words in ("eight", "nine")]

    answer = ask(client, *reversed(ids), path=PRINTED)

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["cache-control"] == "no-store"
    whole = pypdfium2.PdfDocument(answer.content)
    pages = [page.get_textpage().get_text_range() for page in whole]
    whole.close()
    assert pages == ["nine", "eight"]
    assert events_of(application, "document:print", ids) == sorted(ids)


def test_nothing_is_printed_of_several_if_one_may_not_be_had(client, application, file):
    infected, _ = file("eleven", "eleven.pdf")
    infect(application, infected["id"])
    clean, _ = file("ten", "ten.pdf")
    ids = [clean["id"], infected["id"]]

    assert ask(client, *ids, path=PRINTED).status_code == 409
    assert ask(client, clean["id"], uuid4(), path=PRINTED).status_code == 404
    assert events_of(application, "document:print", ids) == []


def test_what_is_too_much_for_one_file_is_not_written_down_as_printed(
    client, application, file
):
    ids = [file(words, f"{words}.pdf")[0]["id"] for words in ("thirteen", "fourteen")]
    change(application, ids[0], filesize=51 << 20)

    answer = ask(client, *ids, path=PRINTED)

    assert "51 MB in total; one file may have at most 50 MB" in answer.text
    assert events_of(application, "document:print", ids) == []


def test_several_of_others_are_not_printed_for_a_patient(as_role, file):
    named = file("twelve", "x.pdf")[0]["id"]

    assert ask(as_role(Role.PATIENT), named, path=PRINTED).status_code == 404
