"""One bad line must not spoil the others."""

from pathlib import Path

import pytest

from services.demo.importing.csv_lines import CannotImport, CsvFile


def read(path: Path, content: bytes, columns: tuple[str, ...] = ("NAME",)):
    path.write_bytes(content)
    return list(CsvFile.find(path, columns).lines())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


def test_columns_are_found_by_name_in_any_order_and_any_case(file):
    [line] = read(file, b"unknown,name,ID\nx,Ada,1\n", ("Id", "NAME"))

    assert line.values == ("1", "Ada")


def test_lines_are_numbered_as_an_editor_numbers_them(file):
    lines = read(file, b"NAME\nAda\n\nBen\n")

    assert [(line.number, line.values) for line in lines] == [
        (2, ("Ada",)),
        (4, ("Ben",)),
    ]


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfNAME\r\nAda\r\n", b"NAME\nAda", b'NAME\n"Ada"\n'],
    ids=["byte order mark and CRLF", "no line end at the end", "quoted"],
)
def test_spellings_of_csv_are_read_alike(file, content):
    [line] = read(file, content)

    assert (line.values, line.problem) == (("Ada",), None)


def test_marks_of_direction_are_left_out_as_on_pages(file):
    [line] = read(file, "NAME\n\u200fA\u202ed\u202ca\u2069\n".encode())

    assert (line.values, line.problem) == (("Ada",), None)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'"Ada,1', "the quotation marks are broken"),
        (b'"Ada"x,1', "the quotation marks are broken"),
        (b"Ada", "the line has 1 columns and the heading 2"),
        (b"Ada,1,2", "the line has 3 columns and the heading 2"),
        (b"Jos\xe9,1", "the line is not UTF-8"),
        (b"A\x00da,1", "the line holds control characters"),
        (b"A" * 70_000 + b",1", "the line is longer than 65,536 bytes"),
    ],
    ids=[
        "open quotation mark",
        "text after a quotation",
        "too few columns",
        "too many columns",
        "not UTF-8",
        "NUL",
        "endless",
    ],
)
def test_a_bad_line_has_its_reason_and_the_next_one_is_read(file, bad, reason):
    lines = read(file, b"NAME,AGE\n" + bad + b"\nBen,2\n", ("NAME",))

    assert [line.problem for line in lines] == [reason, None]
    assert lines[1].values == ("Ben",)
    assert lines[1].number == 3


def test_what_is_read_is_reported_in_bytes(file):
    file.write_bytes(b"NAME\nAda\nJos\xc3\xa9\n")
    sizes: list[int] = []

    list(CsvFile.find(file, ("NAME",)).lines(sizes.append))

    assert sum(sizes) == CsvFile.find(file, ("NAME",)).size_bytes


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"ID\n1\n", "has no column NAME and no column AGE"),
        (b"", "has no column NAME and no column AGE"),
        (b'"NAME,AGE\n', "is no CSV file: in its heading, the quotation marks"),
        ("NAME,AGE\n".encode("utf-16"), "is no CSV file: in its heading, the line is"),
    ],
    ids=["other columns", "empty", "broken heading", "UTF-16"],
)
def test_a_file_of_another_kind_is_refused_in_a_sentence(file, content, sentence):
    file.write_bytes(content)

    with pytest.raises(CannotImport, match=sentence):
        CsvFile.find(file, ("NAME", "AGE"))


def test_a_file_that_is_missing_is_refused_in_a_sentence(file):
    with pytest.raises(CannotImport, match=r"There is no people\.csv in"):
        CsvFile.find(file, ("NAME",))
