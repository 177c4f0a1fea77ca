"""Files are kept whole, and a MongoDB that is gone is reported soon."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from db.files.gridfs import Bucket, FileMissing, FileStore, FileStoreUnavailable
from tests.kit.waiting import in_time

PHOTOS = Bucket.PATIENT_PHOTOS


def test_a_file_comes_back_as_it_was_put(files):
    data = bytes(range(256)) * 2000

    file_id = files.put(PHOTOS, data, content_type="image/jpeg")
    stored = files.get(PHOTOS, file_id)

    assert stored.data == data
    assert stored.content_type == "image/jpeg"


def test_an_empty_file_is_a_file(files):
    file_id = files.put(PHOTOS, b"", content_type="text/plain")

    assert files.get(PHOTOS, file_id).data == b""


@pytest.mark.parametrize("file_id", ["0" * 24, "no id at all", ""])
def test_what_is_not_there_is_missing(files, file_id):
    with pytest.raises(FileMissing):
        files.get(PHOTOS, file_id)


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(files):
    file_id = files.put(PHOTOS, b"x", content_type="text/plain")

    files.delete(PHOTOS, file_id)
    files.delete(PHOTOS, file_id)

    with pytest.raises(FileMissing):
        files.get(PHOTOS, file_id)


def test_files_are_listed_by_age(files):
    ids = [files.put(PHOTOS, b"x", content_type="text/plain") for _ in range(3)]
    now = datetime.now(UTC)

    assert list(files.list_older_than(PHOTOS, now + timedelta(seconds=5))) == ids
    assert list(files.list_older_than(PHOTOS, now - timedelta(hours=1))) == []


def test_mongodb_that_answers_says_how_fast(files):
    assert files.ping() > 0


def test_a_dead_mongodb_is_unavailable_after_the_three_seconds_it_is_given(file_keys):
    with (
        closing(FileStore("mongodb://127.0.0.1:1", keys=file_keys)) as gone,
        pytest.raises(FileStoreUnavailable) as refusal,
    ):
        gone.put(PHOTOS, b"x", content_type="text/plain")

    assert "Timeout: 3.0s" in str(refusal.value.__cause__)


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get(PHOTOS, "0" * 24),
        lambda store: store.delete(PHOTOS, "0" * 24),
        lambda store: list(store.list_older_than(PHOTOS, datetime.now(UTC))),
        lambda store: store.ping(),
    ],
    ids=["get", "delete", "list", "ping"],
)
def test_every_use_says_so(use, file_keys, monkeypatch):
    monkeypatch.setattr("db.files.gridfs._SELECTION_MS", 200)
    with (
        closing(FileStore("mongodb://127.0.0.1:1", keys=file_keys)) as gone,
        pytest.raises(FileStoreUnavailable),
    ):
        use(gone)


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.put(PHOTOS, b"x", content_type="text/plain"),
        lambda store: store.get(PHOTOS, "0" * 24),
        lambda store: store.ping(),
    ],
    ids=["put", "get", "ping"],
)
def test_a_mongodb_that_refuses_is_unavailable_and_its_code_is_logged(
    use, cluster, file_keys, caplog
):
    stranger = cluster.mongo.url.replace("chartroom:", "nobody:", 1)
    with (
        closing(FileStore(stranger, keys=file_keys)) as refused,
        pytest.raises(FileStoreUnavailable),
    ):
        use(refused)

    assert caplog.messages == ["MongoDB refused to answer about files (code 18)."]


def test_a_mongodb_that_hangs_is_waited_for_eight_seconds_at_most(file_keys):
    with closing(FileStore("mongodb://127.0.0.1:1", keys=file_keys)) as store:
        options = store._client.options
    pool, selection = options.pool_options, options.server_selection_timeout

    # Whichever notices first: the next heartbeat, which fails like a connection
    # attempt, or a waiting call. What was cut off is tried once more.
    assert options.heartbeat_frequency + pool.connect_timeout + selection <= 8
    assert pool.socket_timeout + selection <= 8


@pytest.mark.cluster
def test_a_mongodb_that_hangs_is_unavailable_until_it_goes_on(breakable, file_keys):
    addresses = breakable.addresses
    port = addresses.ports["mongo"]
    sockets = psutil.net_connections("tcp4")
    listening = [s.pid for s in sockets if s.laddr.port == port and not s.raddr]
    mongod = psutil.Process(listening[0])
    with closing(FileStore(addresses.mongo.url, keys=file_keys)) as store:
        file_id = store.put(PHOTOS, b"x", content_type="text/plain")
        mongod.suspend()
        try:
            with pytest.raises(FileStoreUnavailable):
                in_time(lambda: store.get(PHOTOS, file_id))
        finally:
            mongod.resume()

        assert store.get(PHOTOS, file_id).data == b"x"
        store.delete(PHOTOS, file_id)


class Hesitant:
    """A stream that first returns nothing, as MongoDB does when it is busy."""

    def __init__(self, stream):
        self.resume_token = stream.resume_token
        self._stream = stream
        self._silent = 2

    def try_next(self):
        self._silent -= 1
        if self._silent >= 0:
            return None
        change = self._stream.try_next()
        self.resume_token = self._stream.resume_token
        return change


def test_whatever_was_stored_before_is_told_of_however_slowly_mongodb_tells(files):
    with files.entry_changes() as changes:
        changes._stream = Hesitant(changes._stream)
        file_id = files.put(PHOTOS, b"x", content_type="text/plain")

        stored = [(bucket, str(entry["_id"])) for bucket, entry in changes.drain()]

        assert stored == [(PHOTOS, file_id)]
        assert list(changes.drain()) == []
