"""Plain files are kept for readers who turn pages: few, not for long, unnamed."""

import io
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.pdf import kept_files
from services.pdf.kept_files import KeptFiles
from tests.kit.waiting import eventually


class Stored(io.BytesIO):
    """A file as the store returns it."""

    def __init__(self, data):
        super().__init__(data)
        self.size = len(data)


class Store:
    """Counts how often its file is opened."""

    def __init__(self, data=b"%PDF-1.7 page"):
        self.data = data
        self.opened = 0

    @contextmanager
    def open(self):
        self.opened += 1
        yield Stored(self.data)


def read(kept, key, store):
    with kept.lent(key, store.open) as file:
        return os.pread(file, 100, 0)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def kept():
    files = KeptFiles(most_bytes=40, most_files=2, seconds=30)
    yield files
    files.close()


def open_files():
    """Count the open files in memory, of which no other test here has any."""
    folder = Path("/proc/self/fd")
    return sum(
        "memfd:pdf" in str(path.readlink())
        for path in folder.iterdir()
        if path.is_symlink()
    )


def test_the_next_page_is_of_the_same_opened_file(kept, store):
    pages = [read(kept, "one", store) for _ in range(3)]

    assert (pages, store.opened) == ([store.data] * 3, 1)


def test_another_version_is_another_file(kept, store):
    other = Store(b"%PDF-1.7 other")
    read(kept, "one", store)

    assert read(kept, "two", other) == other.data


def test_who_waits_too_long_has_it_opened_anew(kept, store, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(kept_files, "monotonic", lambda: now[0])

    for seconds, opened in ((0, 1), (29, 1), (31, 1), (70, 2)):
        now[0] = seconds
        read(kept, "one", store)
        assert store.opened == opened


def test_it_is_let_go_of_although_nobody_asks_any_more(store):
    before, kept = open_files(), KeptFiles(seconds=0.05)
    read(kept, "one", store)
    assert open_files() == before + 1

    assert eventually(open_files, lambda now: now <= before) == before


@pytest.mark.parametrize(
    "data", [b"x", b"x" * 15], ids=["too many files", "too many bytes"]
)
def test_the_one_unused_for_longest_makes_room(kept, data):
    stores = [Store(data) for _ in range(3)]
    for key, store in enumerate(stores):
        read(kept, str(key), store)

    read(kept, "2", stores[2])
    read(kept, "0", stores[0])

    assert [store.opened for store in stores] == [2, 1, 1]


def test_what_is_too_large_is_lent_and_not_kept(kept):
    large = Store(b"x" * 41)

    assert [read(kept, "one", large) for _ in range(2)] == [large.data] * 2
    assert large.opened == 2


def test_what_is_on_loan_takes_room_from_what_comes(kept):
    first, second = Store(b"x" * 30), Store(b"y" * 30)

    with kept.lent("one", first.open):
        read(kept, "two", second)
        read(kept, "two", second)

    assert second.opened == 2


def test_a_file_that_is_made_room_for_stays_open_for_whoever_reads_it(kept, store):
    with kept.lent("one", store.open) as file:
        kept.close()

        assert os.pread(file, 100, 0) == store.data


def test_what_cannot_be_read_to_its_end_is_not_kept(kept, store):
    before = open_files()

    @contextmanager
    def broken():
        yield type("Broken", (), {"size": 5, "read": lambda *_: 1 / 0})()

    with pytest.raises(ZeroDivisionError), kept.lent("one", broken):
        raise AssertionError("it was lent")

    assert open_files() == before
    assert read(kept, "one", store) == store.data


def test_nobody_changes_what_others_will_see(kept, store):
    with kept.lent("one", store.open) as file, pytest.raises(OSError, match="descript"):
        os.write(file, b"x")
