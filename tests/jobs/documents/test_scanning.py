"""Documents that wait: for a scanner that was away, and for text recognition."""

import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.models.document import Document, DocumentText, DocumentVersion
from db.postgres import SYSTEM
from jobs.documents import scanning as jobs
from jobs.worker.tasks import queue
from services.documents import records, retention
from services.documents.records.drafts import DraftDocument
from services.documents.records.errors import Quarantined
from services.documents.records.ingest import DocumentIngest
from services.pdf import waiting
from services.pdf.inspecting import PdfInspector
from services.pdf.report import PageWords, Unreadable, Word
from services.pdf.scanning import ClamdScanner, NoVerdict, ScannerUnavailable
from tests.kit.audit_events import events_of
from tests.kit.waiting import await_blocked
from tests.services.pdf import clamd, samples
from tests.services.pdf.test_recognising import scan
from tests.services.pdf.test_scanning import infected_letter, needs_clamd

AWAY = ClamdScanner("unix:///nowhere/clamd.socket")


@pytest.fixture(scope="module")
def inspector():
    with closing(PdfInspector()) as inspector:
        yield inspector


@pytest.fixture
def file(database, files, clerk, inspector):
    """A function that files documents, by default while the scanner is away."""

    def file(*letters, scanner=AWAY, name="Letter.pdf", draft=None, into=files):
        ingest = DocumentIngest(into, inspector, scanner, refuse_active=False)
        for letter in letters:
            content = ingest.receive(io.BytesIO(letter), name)
            database.write(
                lambda s, content=content: records.file(
                    s, clerk, draft or DraftDocument(), content
                ),
                identity=SYSTEM,
            )

    return file


@pytest.fixture
def scanner():
    """A real clamd."""
    # Not pytest's own folder: a socket's path must be short.
    with (
        tempfile.TemporaryDirectory() as folder,
        clamd.running(Path(folder)) as url,
    ):
        yield ClamdScanner(url)


def versions(database):
    rows = select(DocumentVersion).order_by(DocumentVersion.created_at)
    return database.write(lambda s: s.scalars(rows).all(), identity=SYSTEM).value


def scans(database):
    return [version.scan for version in versions(database)]


def recorded(database, action):
    read = partial(events_of, action=action)
    events = database.write(read, identity=SYSTEM).value
    return [event.details for event in events]


def words(database):
    rows = select(DocumentText.pages)
    return database.write(lambda s: s.scalars(rows).all(), identity=SYSTEM).value


def documents(database):
    return database.write(
        lambda s: s.scalars(select(Document)).all(), identity=SYSTEM
    ).value


def changes(database):
    return {document.title: document.updated_at for document in documents(database)}


def places(database, version, page):
    def find(session):
        return waiting.find_places(session, version.id, page)

    return database.write(find, identity=SYSTEM).value


def open_version(database, actor, version):
    def open_it(session):
        return records.open_version(
            session, actor, version.document_id, version.number, purpose="view"
        )

    return database.write(open_it, identity=SYSTEM).value


class Judge:
    """A scanner that gives these verdicts, one file after the other."""

    def __init__(self, *verdicts):
        self._verdicts = list(verdicts)

    def scan(self, _):
        verdict = self._verdicts.pop(0)
        if isinstance(verdict, str):
            return verdict
        raise verdict


@needs_clamd
def test_what_came_while_the_scanner_was_away_is_scanned_once_it_is_back(
    database, files, file, scanner
):
    file(infected_letter(), samples.letter())
    assert scans(database) == ["waiting", "waiting"]

    jobs.scan(database, files, scanner)

    assert scans(database) == ["infected", "clean"]
    assert recorded(database, "document:scan") == [
        {"version": 1, "verdict": "infected"},
        {"version": 1, "verdict": "clean"},
    ]


def test_what_a_verdict_opens_or_closes_is_a_change_of_its_time(database, files, file):
    for name, scanner in (
        ("One", AWAY),
        ("Two", AWAY),
        ("Three", None),
        ("Four", None),
    ):
        file(samples.letter(name), name=f"{name}.pdf", scanner=scanner)
    before = changes(database)

    jobs.scan(database, files, Judge("clean", NoVerdict(), "clean", "infected"))

    assert scans(database) == ["clean", "waiting", "infected", "clean"]
    after = changes(database)
    assert {title for title in after if after[title] > before[title]} == {
        "One",
        "Three",
    }


def test_a_verdict_on_an_earlier_version_changes_nothing_else(
    database, files, file, clerk, inspector
):
    file(samples.letter("One"), name="One.pdf")
    (document,) = documents(database)
    ingest = DocumentIngest(files, inspector, None, refuse_active=False)
    content = ingest.receive(io.BytesIO(samples.letter("Two")), "Two.pdf")
    database.write(
        lambda s: records.add_version(
            s, clerk, document.id, content, revision=document.revision
        ),
        identity=SYSTEM,
    )
    before = changes(database)

    jobs.scan(database, files, Judge("clean", "clean"))

    assert changes(database) == before


def test_while_the_scanner_is_away_everything_stays_in_quarantine(
    database, files, file
):
    file(samples.letter("One"), samples.letter("Two"))

    jobs.scan(database, files, AWAY)
    jobs.scan(database, files, Judge(ScannerUnavailable()))

    assert scans(database) == ["waiting", "waiting"]


def test_a_file_without_a_verdict_does_not_hold_up_the_next(database, files, file):
    file(samples.letter("One"), samples.letter("Two"))

    jobs.scan(database, files, Judge(NoVerdict(), "clean"))

    assert scans(database) == ["waiting", "clean"]


@pytest.fixture
def with_other_keys(addresses, files, tmp_path):
    """The same store, opened with another key file."""
    keys = FileKeys(tmp_path / "other.keys", may_be_made=True)
    name = files._database.name
    with closing(FileStore(addresses.mongo.admin_url, name, keys=keys)) as store:
        yield store


def test_a_file_whose_key_is_missing_does_not_hold_up_the_next(
    database, files, file, with_other_keys
):
    file(samples.letter("One"), into=with_other_keys)
    file(samples.letter("Two"))

    jobs.scan(database, files, Judge("clean"))

    assert scans(database) == ["waiting", "clean"]


def test_no_words_wait_for_a_file_whose_key_is_missing(
    database, files, file, with_other_keys
):
    file(samples.wide_tree(1), scanner=None, into=with_other_keys)
    file(samples.wide_tree(1), scanner=None)

    jobs.recognise(database, files, Reader())

    assert [version.reading for version in versions(database)] == [
        "waiting",
        "recognised",
    ]


def test_files_whose_keys_are_missing_hold_up_none_that_came_later(
    database, files, file, with_other_keys, monkeypatch
):
    monkeypatch.setattr(waiting, "_AT_ONCE", 1)
    file(samples.wide_tree(1), scanner=None, into=with_other_keys)
    file(samples.wide_tree(1), scanner=None)

    for _ in range(2):
        jobs.recognise(database, files, Reader(), seconds=0)

    assert [version.reading for version in versions(database)] == [
        "waiting",
        "recognised",
    ]


def test_what_is_scanned_already_is_left_alone(database, files, file):
    file(
        samples.letter("One"), samples.letter("Two"), scanner=Judge("clean", "infected")
    )

    jobs.scan(database, files, Judge())

    assert scans(database) == ["clean", "infected"]


@needs_clamd
def test_what_came_while_there_was_no_scanner_is_scanned_once_there_is_one(
    database, files, file, scanner, clerk
):
    file(infected_letter(), samples.letter(), scanner=None)

    jobs.scan(database, files, scanner)

    assert scans(database) == ["infected", "clean"]
    assert recorded(database, "document:scan") == [
        {"version": 1, "verdict": "clean"},
        {"version": 1, "verdict": "infected"},
    ]
    with pytest.raises(Quarantined):
        open_version(database, clerk, versions(database)[0])
    assert open_version(database, clerk, versions(database)[1])


def test_what_waits_is_scanned_first_and_then_the_newest(database, files, file):
    file(samples.letter("One"), samples.letter("Two"), scanner=None)
    file(samples.letter("Three"))
    seen = []

    for _ in range(3):
        jobs.scan(database, files, Judge("clean"), seconds=0)
        seen.append(scans(database))

    assert seen == [
        ["off", "off", "clean"],
        ["off", "clean", "clean"],
        ["clean", "clean", "clean"],
    ]


def test_a_bounded_number_is_scanned_at_once(database, files, file, monkeypatch):
    monkeypatch.setattr(waiting, "_AT_ONCE", 1)
    file(samples.letter("One"), samples.letter("Two"), scanner=None)

    jobs.scan(database, files, Judge("clean"))

    assert scans(database) == ["off", "clean"]


def test_files_without_a_verdict_hold_up_none_that_came_later(
    database, files, file, monkeypatch
):
    """Neither by being a whole batch, nor by taking all of the time."""
    monkeypatch.setattr(waiting, "_AT_ONCE", 2)
    file(*(samples.letter(name) for name in ("One", "Two", "Three")))
    file(samples.letter("Four"), scanner=None)

    for verdict in (NoVerdict(), NoVerdict(), "clean", "clean"):
        jobs.scan(database, files, Judge(verdict), seconds=0)

    assert scans(database) == ["waiting", "waiting", "clean", "clean"]


def test_a_file_without_a_verdict_is_tried_again_within_an_hour(database, files, file):
    file(samples.letter("One"), samples.letter("Two"))
    jobs.scan(database, files, Judge(NoVerdict(), NoVerdict()))
    let_pass(database, minutes=61, waited=timedelta(days=3))

    jobs.scan(database, files, Judge("clean"), seconds=0)
    jobs.scan(database, files, Judge("clean"), seconds=0)

    assert scans(database) == ["clean", "clean"]
    assert [version.tried_at for version in versions(database)] == [None, None]


def let_pass(database, *, minutes, waited):
    """Make all attempts this long ago, of files that had waited this long."""
    tried_at = DocumentVersion.tried_at - timedelta(minutes=minutes)
    rows = update(DocumentVersion).values(
        tried_at=tried_at, created_at=tried_at - waited
    )
    database.write(lambda s: s.execute(rows), identity=SYSTEM)


def test_without_a_verdict_what_was_never_scanned_stays_open(
    database, files, file, clerk
):
    file(samples.letter(), scanner=None)

    jobs.scan(database, files, AWAY)
    jobs.scan(database, files, Judge(NoVerdict()))

    assert scans(database) == ["off"]
    assert open_version(database, clerk, versions(database)[0])


def test_every_version_of_an_infected_file_goes_into_quarantine(
    database, files, file, clerk
):
    file(samples.letter(), scanner=None)
    (first,) = versions(database)
    database.write(
        lambda s: records.restore_version(s, clerk, first.document_id, 1, revision=1),
        identity=SYSTEM,
    )

    jobs.scan(database, files, Judge("infected"))

    assert scans(database) == ["infected", "infected"]
    assert len(recorded(database, "document:scan")) == 2


def test_the_words_of_a_scanned_letter_are_added_and_its_file_stays(
    database, files, file, inspector
):
    file(scan(inspector, "Haemoglobin 14.1"), scanner=None)
    (before,) = versions(database)

    # However busy the machine is.
    jobs.recognise(database, files, inspector, seconds=600)

    (after,) = versions(database)
    assert (before.reading, after.reading) == ("waiting", "recognised")
    assert (after.file_id, after.sha256) == (before.file_id, before.sha256)
    assert words(database) == [["Haemoglobin 14.1"]]
    assert recorded(database, "document:recognise") == [{"version": 1, "pages": 1}]


class Reader:
    """Reads the number of each page, and nothing on the pages of `without`."""

    def __init__(self, without=()):
        self._without = without

    def recognise(self, _, page):
        words = (Word("page", 0, 0, 0.1, 0.1, " "), Word(str(page), 0, 0, 0.1, 0.1, ""))
        return PageWords(595, 842, () if page in self._without else words)


def test_a_long_one_is_read_in_several_turns(database, files, file, inspector):
    file(samples.wide_tree(3), scanner=None)

    for known in (1, 2, 3):
        assert versions(database)[0].reading == "waiting"
        jobs.recognise(database, files, Reader(), seconds=0)
        assert words(database) == [[f"page {n + 1}" for n in range(known)]]

    assert versions(database)[0].reading == "recognised"
    assert recorded(database, "document:recognise") == [{"version": 1, "pages": 3}]


def test_words_read_while_a_document_is_purged_are_not_kept(database, files, file):
    """They would outlive the document, and the erasure of its patient."""
    file(samples.wide_tree(1), scanner=None)
    (version,) = versions(database)
    page = Reader().recognise(None, 1)

    def keep(session):
        waiting.record_words(session, version.file_id, (), [page], is_all=True)

    with ThreadPoolExecutor(1) as threads:
        with database.writing(identity=SYSTEM) as purging:
            retention.replay_purges(purging, [version.document_id])
            keeping = threads.submit(database.write, keep, identity=SYSTEM)
            await_blocked(purging, keeping)
        keeping.result(timeout=60)

    assert words(database) == []
    assert recorded(database, "document:recognise") == []


def test_whoever_shares_the_file_shares_its_words(database, files, file, clerk):
    file(samples.wide_tree(1), scanner=None)
    (first,) = versions(database)

    def restore(session):
        records.restore_version(session, clerk, first.document_id, 1, revision=1)

    database.write(restore, identity=SYSTEM)

    jobs.recognise(database, files, Reader())

    assert [version.reading for version in versions(database)] == ["recognised"] * 2
    assert words(database) == [["page 1"]] * 2


def test_where_words_stand_is_kept_for_each_page_that_has_any(database, files, file):
    file(samples.wide_tree(3), scanner=None)

    for _ in range(3):
        jobs.recognise(database, files, Reader(without=[2]), seconds=0)

    (version,) = versions(database)
    pages = [places(database, version, page) for page in (1, 2, 3)]
    assert [page and page.text for page in pages] == ["page 1", None, "page 3"]


class Breaking(Reader):
    """Reads every page but the second, which makes it fail."""

    def recognise(self, source, page):
        if page == 2:
            raise Unreadable("It breaks the reader.")
        return super().recognise(source, page)


def test_a_page_that_breaks_the_reader_does_not_hold_up_the_others(
    database, files, file
):
    file(samples.wide_tree(3), scanner=None)

    jobs.recognise(database, files, Breaking())

    assert words(database) == [["page 1", "", "page 3"]]
    assert versions(database)[0].reading == "recognised"


def test_of_a_very_long_one_the_first_pages_are_read(
    database, files, file, monkeypatch
):
    monkeypatch.setattr(jobs, "MOST_PAGES", 2)
    file(samples.wide_tree(3), scanner=None)

    jobs.recognise(database, files, Reader())

    assert words(database) == [["page 1", "page 2"]]
    assert versions(database)[0].reading == "recognised"


class Letter(Reader):
    """Reads a letter with a title and a date."""

    def recognise(self, _source, _page):
        said = ["Discharge", "letter\n", "Date:", "14", "March", "2026"]
        parts = tuple(
            Word(word.strip(), 0, 0, 0.1, 0.1, "\n" if word.endswith("\n") else " ")
            for word in said
        )
        return PageWords(595, 842, parts)


def test_a_title_and_a_date_are_supposed_where_nobody_gave_any(database, files, file):
    file(samples.wide_tree(1), scanner=None, name="scan0001.pdf")

    jobs.recognise(database, files, Letter())

    (document,) = documents(database)
    assert document.title == "Discharge letter"
    assert document.dated_on == date(2026, 3, 14)
    (changed,) = recorded(database, "document:change")
    assert changed == {
        "version": 1,
        "revision": 2,
        "changed": {"title": [], "dated_on": []},
    }


def test_a_date_is_supposed_up_to_today_by_the_clinics_clock(database, files, file):
    file(samples.wide_tree(1), scanner=None, name="scan0001.pdf")

    jobs.recognise(database, files, Letter(), today=date(2026, 3, 13))

    assert documents(database)[0].dated_on is None


def test_a_supposed_title_is_a_change_of_its_time(database, files, file):
    file(samples.wide_tree(1), scanner=None, name="scan0001.pdf")
    (before,) = documents(database)

    jobs.recognise(database, files, Letter())

    (document,) = documents(database)
    assert document.updated_at > before.updated_at


def test_a_long_name_of_a_file_stops_nothing(database, files, file):
    letters = [samples.wide_tree(pages) for pages in (1, 2)]
    file(letters[0], scanner=None, name=f"{'Letter_of_somebody_' * 12}.pdf")
    file(letters[1], scanner=None, name="scan0001.pdf")

    jobs.recognise(database, files, Letter())

    assert [version.reading for version in versions(database)] == ["recognised"] * 2
    titles = {document.title for document in documents(database)}
    assert titles == {("Letter of somebody " * 12)[:200].rstrip(), "Discharge letter"}


def test_what_somebody_called_a_document_it_stays(database, files, file):
    given = DraftDocument(title="Mine", dated_on=date(2020, 1, 2))
    file(samples.wide_tree(1), scanner=None, name="scan0001.pdf", draft=given)

    jobs.recognise(database, files, Letter())

    (document,) = documents(database)
    assert (document.title, document.dated_on) == (given.title, given.dated_on)
    assert recorded(database, "document:change") == []


def test_what_says_no_more_than_the_name_of_its_file_changes_nothing(
    database, files, file
):
    file(samples.wide_tree(1), scanner=None, name="scan0001.pdf")
    (version,) = versions(database)

    database.write(
        lambda session: records.apply_guess(
            session, version.file_id, [""], today=date(2026, 3, 15)
        ),
        identity=SYSTEM,
    )

    (document,) = documents(database)
    assert document.revision == 1
    assert recorded(database, "document:change") == []


def test_pages_without_any_words_are_not_read_again(database, files, file):
    file(samples.wide_tree(2), scanner=None)

    jobs.recognise(database, files, Reader(without=[1, 2]))

    assert versions(database)[0].reading == "none"


def test_what_is_in_quarantine_is_not_read(database, files, file):
    file(samples.wide_tree(1))

    jobs.recognise(database, files, Reader())

    assert versions(database)[0].reading == "waiting"
    assert words(database) == []


def test_a_worker_does_both_every_minute():
    queue.perform_import_paths()

    periodic = {
        task.task.name: task.cron
        for task in queue.periodic_registry.periodic_tasks.values()
    }
    for name in ("scan_documents", "recognise_documents"):
        assert periodic[name] == "* * * * *"
