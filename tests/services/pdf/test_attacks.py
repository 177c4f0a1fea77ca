"""Everything active in a PDF is named, however it is hidden, and has no effect here."""

import io
import math
import socket
from dataclasses import dataclass
from functools import partial

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String, settings

from services.pdf.findings import find_in_objects
from services.pdf.inspecting import NeedsPassword
from services.pdf.report import ACTIVE
from tests.services.pdf import clamd, samples
from tests.services.pdf.attacks import ATTACKS, NOWHERE, virus_in_a_stream

WIDTH = 300


def findings_in(inspector, data):
    return set(inspector.examine(io.BytesIO(data)).findings)


def drawn(inspector, data):
    return inspector.render(io.BytesIO(data), 1, width=WIDTH)


@dataclass(frozen=True)
class Drawings:
    """The findings and drawings of all attacks, and who was called meanwhile."""

    findings: dict[str, set[str]]
    unlike_the_letter: list[str]
    callers: list[tuple[str, int]]


@pytest.fixture(scope="module")
def drawings(inspector):
    """Each attack read and drawn, with the address of a server that listens."""
    letter, unlike, named = drawn(inspector, samples.letter()), [], {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        for name, (attack, findings) in ATTACKS.items():
            data = attack(f"http://{host}:{port}")
            named[name] = findings_in(inspector, data)
            if "encrypted" in findings:
                with pytest.raises(NeedsPassword):
                    drawn(inspector, data)
            elif drawn(inspector, data) != letter:
                unlike.append(name)
        return Drawings(named, unlike, callers_of(server))


def callers_of(server):
    """Return the callers: calls are answered in turn, and the last one is our own."""
    callers = []
    with socket.create_connection(server.getsockname()) as ours:
        while True:
            called, caller = server.accept()
            called.close()
            if caller == ours.getsockname():
                return callers
            callers.append(caller)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_active_is_named_and_nothing_else(drawings, name):
    _, findings = ATTACKS[name]

    # Findings about repairs by one reader are included.
    assert drawings.findings[name] - {"damaged"} == findings


def test_every_finding_that_counts_as_active_has_an_attack():
    assert set().union(*(findings for _, findings in ATTACKS.values())) >= ACTIVE


def test_what_is_active_is_drawn_as_if_it_were_not(drawings):
    assert drawings.unlike_the_letter == []


def test_nobody_is_called_by_reading_or_drawing(drawings):
    assert drawings.callers == []


def with_action(**action):
    return samples.changed(
        lambda pdf: pdf.Root.__setattr__("OpenAction", Dictionary(**action))
    )


def with_links(*addresses):
    def change(pdf):
        pdf.pages[0].Annots = Array(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([50, 50, 500, 80]),
                A=Dictionary(S=Name.URI, URI=String(address)),
            )
            for address in addresses
        )

    return samples.changed(change)


def with_broken_boxes():
    def change(pdf):
        action = Dictionary(S=Name.URI, URI=String("https://clinic.example"))
        boxes = (Array([1, 2]), Array([Name.x] * 4), None, Array([0, 0, 0, 0]))
        pdf.pages[0].Annots = Array(
            [Dictionary(Subtype=Name.Link, Rect=box, A=action) for box in boxes]
        )

    return samples.changed(change)


def with_embedded_goto():
    target = Dictionary(R=Name.C, N=String("inner.pdf"))
    return with_action(S=Name.GoToE, T=target, D=Array([0, Name.Fit]))


def with_odd_streams():
    """One stream with entries that only others have, and one that nobody unpacks."""

    def change(pdf):
        shortened = pdf.make_stream(b"x", F=Name.FlateDecode)
        nowhere = pdf.make_stream(b"x", F=Dictionary())
        picture = pdf.make_stream(b"")
        picture.write(b"x", filter=Name.JBIG2Decode)
        pdf.Root.Odd = Array([shortened, nowhere, picture])

    return samples.changed(change)


SOUND = {
    "letter": samples.letter,
    "ordinary links": partial(
        with_links,
        "https://clinic.example/a?b=c:d",
        "HTTP://clinic.example:8080",
        "mailto:ada@clinic.example",
        "tel:+49123",
        "www.clinic.example:8080/x",
        "letter.html#2",
        "",
    ),
    "links of a page without a size": with_broken_boxes,
    "goes to a page": partial(with_action, S=Name.GoTo, D=Array([0, Name.Fit])),
    "prints": partial(with_action, S=Name.Named, N=Name.Print),
    "hides a layer": partial(with_action, S=Name.SetOCGState, State=Array()),
    "goes to what is inside": with_embedded_goto,
    "goes to a chain of its own": partial(with_action, S=Name.Thread, D=0),
    "odd streams": with_odd_streams,
    "an empty form": lambda: samples.changed(
        lambda pdf: pdf.Root.__setattr__("AcroForm", Dictionary(XFA=Array()))
    ),
    "words about actions": samples.with_words_only,
    "a byte order mark": lambda: b"\xef\xbb\xbf\r\n" + samples.letter(),
    "zeros at the end": lambda: samples.letter() + bytes(500),
    "a line of a mail": lambda: samples.letter() + b"\r\n------=_Part_1_2.3--\r\n",
    "objects behind the first of two ends": lambda: samples.changed(
        lambda _: None, linearize=True
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_not_active_is_not_named(inspector, name):
    assert findings_in(inspector, SOUND[name]()) == set()


def with_late_virus():
    """A virus after more spaces than are unpacked."""

    def change(pdf):
        pdf.Root.Virus = pdf.make_stream(b" " * 65 * 1024 * 1024 + clamd.EICAR)

    return samples.changed(change, compress_streams=True)


def test_only_so_much_is_unpacked_of_a_stream(inspector):
    assert findings_in(inspector, with_late_virus()) == set()


@pytest.fixture
def qpdf_limits():
    """Restore this process's limits of unpacking for other tests."""
    limits = settings.get_qpdf_limits()
    yield
    limits.pop("dct_throw_on_corrupt_data")
    settings.set_qpdf_limits(**limits)


@pytest.mark.usefixtures("qpdf_limits")
@pytest.mark.parametrize(("until", "findings"), [(0, set()), (math.inf, {"eicar"})])
def test_streams_are_unpacked_until_the_time_is_over(until, findings):
    with pikepdf.open(io.BytesIO(virus_in_a_stream(NOWHERE))) as pdf:
        assert find_in_objects(pdf, until=until) == findings
