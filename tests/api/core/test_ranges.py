"""Which bytes a request asks for, and the name under which a file is sent."""

import pytest
from starlette.datastructures import Headers

from api.core.files.ranges import Span, Unsatisfiable, is_known, span_of
from api.core.files.sending import attachment, attachment_named

TAG = '"abc"'
SIZE = 1000


def _headers(**headers):
    return Headers({name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("range_", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 500),
        ("bytes=500-", 500, SIZE),
        ("bytes=-1", 999, SIZE),
        ("bytes=-5000", 0, SIZE),
        ("bytes=990-5000", 990, SIZE),
        ("Bytes= 1-2 ", 1, 3),
    ],
)
def test_a_part_is_found(range_, start, stop):
    span = span_of(_headers(range=range_), TAG, SIZE)

    assert span == Span(start, stop, SIZE)
    assert span.content_range == f"bytes {start}-{stop - 1}/{SIZE}"


@pytest.mark.parametrize(
    "range_",
    [
        "",
        "bytes=",
        "bytes=-",
        "bytes=x-1",
        "bytes=5-1",
        "lines=1-2",
        "bytes=0-1,3-4",
        "bytes=1-2x",
        "bytes=" + "9" * 40 + "-",
    ],
)
def test_what_is_no_part_is_the_whole(range_):
    assert span_of(_headers(range=range_), TAG, SIZE) is None


@pytest.mark.parametrize("range_", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_beyond_the_end_there_is_nothing(range_):
    with pytest.raises(Unsatisfiable):
        span_of(_headers(range=range_), TAG, SIZE)


@pytest.mark.parametrize(
    ("condition", "is_part"),
    [
        (TAG, True),
        ('"old"', False),
        (f"W/{TAG}", False),
        ("Fri, 20 Nov 2026 12:00:00 GMT", False),
    ],
)
def test_a_part_of_another_file_is_not_sent(condition, is_part):
    headers = _headers(range="bytes=0-1", if_range=condition)

    assert (span_of(headers, TAG, SIZE) is not None) is is_part


@pytest.mark.parametrize(
    ("known", "is_same"),
    [
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"x", {TAG}', True),
        ("*", True),
        ('"x"', False),
        ("abc", False),
        ("", False),
    ],
)
def test_what_the_client_has_is_known(known, is_same):
    assert is_known(_headers(if_none_match=known), TAG) is is_same


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Report.pdf", 'attachment; filename="Report.pdf"'),
        ("Report.PDF", 'attachment; filename="Report.PDF"'),
        (
            "Müller.pdf",
            "attachment; filename=\"Muller.pdf\"; filename*=UTF-8''M%C3%BCller.pdf",
        ),
        (
            "检查.pdf",
            (
                'attachment; filename="document.pdf"; '
                "filename*=UTF-8''%E6%A3%80%E6%9F%A5.pdf"
            ),
        ),
        (
            "50%.pdf",
            "attachment; filename=\"50_.pdf\"; filename*=UTF-8''50%25.pdf",
        ),
    ],
)
def test_asvs_5_4_2_a_file_keeps_its_name_in_any_script(name, said):
    assert attachment(name) == said


@pytest.mark.parametrize(
    "name",
    [
        'a".pdf',
        "a\r\nSet-Cookie: x=1.pdf",
        "a\\.pdf",
        "../a.pdf",
        "a;b.pdf",
        "a\x00.pdf",
        "\ud800.pdf",
        "\u202efdp.exe",
        "a\u2028b.pdf",
        "'.pdf",
    ],
)
def test_no_name_breaks_the_header(name):
    said = attachment(name)

    assert said.isascii()
    assert said.isprintable()
    assert said.count('"') == 2
    assert said.split('"')[1].endswith(".pdf")
    assert not set("\r\n\\/") & set(said)


@pytest.mark.parametrize("name", ["visit.ics", "documents.zip", "patients.csv"])
def test_a_name_of_our_own_keeps_its_ending(name):
    assert attachment_named(name) == f'attachment; filename="{name}"'
