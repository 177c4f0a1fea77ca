"""Odd PDFs of the real world: CHARTROOM_TEST_PDFS names their folder.

The outcomes are printed: pytest tests/services/pdf/test_odd_files.py
"""

import os
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from services.core.errors import ServiceError
from services.pdf.inspecting import PdfInspector, Unreadable
from services.pdf.report import ACTIVE
from services.pdf.zygote import SPARES
from tests.kit.waiting import eventually

FOLDER = Path(
    os.environ.get(
        "CHARTROOM_TEST_PDFS",
        Path(__file__).resolve().parents[4] / "shared" / "data" / "pdfs",
    )
)
FILES = sorted(FOLDER.glob("*.pdf"))
# Checked by hand: they contain scripts, files, or a command that starts a program.
ACTIVE_FILES = {
    "annotation_hidden_noview.pdf",
    "bug1937438_af_from_latex.pdf",
    "dates_save.pdf",
    "issue12706.pdf",
    "issue17846.pdf",
    "issue18030.pdf",
    "issue18536.pdf",
    "issue8844.pdf",
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"no PDFs in {FOLDER}")


@pytest.fixture(scope="module")
def inspector():
    """An inspector that has read no other test's files."""
    with closing(PdfInspector(seconds=10)) as inspector:
        yield inspector


@pytest.fixture(scope="module")
def outcomes(inspector):
    """The outcome for each file, in words."""
    before = psutil.Process().num_fds()
    by_name = {path.name: outcome(inspector, path) for path in FILES}
    # The socket to the reading process, and a few others in this process; a leak would
    # be one for each file.
    assert psutil.Process().num_fds() <= before + 5
    return by_name


def outcome(inspector, path):
    with path.open("rb") as file:
        try:
            examined = inspector.examine(file)
        except ServiceError as refusal:
            return f"refused: {refusal}"
        if examined.pages is None:
            return "needs its own password"
        shown = [shows(inspector, file, page + 1) for page in range(examined.pages)]
    findings = ", ".join(examined.findings) or "clean"
    return f"accepted: {findings}" + ("" if all(shown) else "; a page is not shown")


def shows(inspector, file, page):
    try:
        inspector.words(file, page)
        return inspector.render(file, page, width=300).startswith(b"\x89PNG")
    except Unreadable:
        return False


def test_none_crashes_or_hangs_its_reader(outcomes):
    assert not [
        name for name, words in outcomes.items() if "breaks the reader" in words
    ]


def test_each_page_that_opens_is_shown_and_its_words_are_read(outcomes):
    assert not [name for name, words in outcomes.items() if "not shown" in words]


def test_the_outcomes_are_told(outcomes, capsys):
    counted = Counter(outcomes.values()).most_common()
    table = "".join(f"{count:4}  {words}\n" for words, count in counted)

    with capsys.disabled():
        sys.stdout.write(f"\n{table}")

    assert sum(count for _, count in counted) == len(FILES)


def test_what_is_sound_stays_without_a_finding(outcomes):
    """At most one in a hundred is called active, apart from those that are."""
    others = [words for name, words in outcomes.items() if name not in ACTIVE_FILES]
    named = [words for words in others if any(finding in words for finding in ACTIVE)]

    assert len(named) <= len(others) / 100


def test_nothing_is_left_running(outcomes):
    zygotes = [
        process
        for process in psutil.Process().children()
        if "services.pdf.zygote" in " ".join(process.cmdline())
    ]
    eventually(lambda: all(len(zygote.children()) == SPARES for zygote in zygotes))
