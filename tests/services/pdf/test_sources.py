"""The possible sources of a PDF; it gets no file name on the way."""

import io
import os
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest

from services.pdf import sources
from services.pdf.inspecting import NotAPdf
from services.pdf.sources import handed_over, pieces_of
from tests.services.pdf import samples

LETTER = samples.letter("From anywhere")


class Stream:
    """A stream that can be read once, as an encrypted file can."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(size)


MAKERS = {
    "file": tempfile.TemporaryFile,
    "spooled file": partial(tempfile.SpooledTemporaryFile, max_size=10**6),
    "bytes in memory": io.BytesIO,
    "stream": lambda: nullcontext(Stream(LETTER)),
}


@pytest.fixture(params=MAKERS)
def source(request):
    with MAKERS[request.param]() as made:
        if not isinstance(made, Stream):
            made.write(LETTER)
        yield made


def test_it_is_examined_as_a_whole(inspector, source):
    assert inspector.examine(source).text == ("From anywhere",)


def test_its_pieces_are_the_whole(source):
    assert b"".join(pieces_of(source)) == LETTER


@pytest.mark.parametrize("source", [*MAKERS][:3], indirect=True)
def test_whoever_reads_it_goes_on_where_they_were(inspector, source):
    source.seek(10)

    inspector.examine(source)
    inspector.render(source, 1, width=100)

    assert source.tell() == 10
    assert source.read(5) == LETTER[10:15]


def test_what_is_handed_over_has_no_name_and_cannot_change_the_file(source):
    with handed_over(source) as file:
        content = os.pread(file, len(LETTER) + 1, 0)
        links = os.fstat(file).st_nlink

        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(file, b"x", 0)

    assert (content, links) == (LETTER, 0)


def test_it_is_read_on_systems_that_open_no_descriptor_again(
    inspector, source, monkeypatch
):
    def refuse(_):
        raise FileNotFoundError

    monkeypatch.setattr(sources, "_read_only", refuse)
    monkeypatch.delattr(os, "memfd_create")

    assert inspector.examine(source).text == ("From anywhere",)


def test_a_large_one_is_not_held_in_memory_a_second_time():
    large = b"%PDF-1.7" + b"\0" * (5 * 1024 * 1024)

    with handed_over(Stream(large)) as file:
        assert "memfd" not in str(Path(f"/proc/self/fd/{file}").readlink())


def test_a_descriptor_is_left_open(inspector):
    with tempfile.TemporaryFile() as file:
        file.write(LETTER)
        file.flush()
        inspector.examine(file.fileno())

        assert os.fstat(file.fileno())


def test_an_empty_file_is_no_pdf(inspector):
    with tempfile.TemporaryFile() as empty, pytest.raises(NotAPdf):
        inspector.examine(empty)
