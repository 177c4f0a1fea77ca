"""The reading process: it may die at any time, and nobody is worse off."""

import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from services.pdf.inspecting import Busy, PdfInspector, Unreadable
from services.pdf.zygote import SPARES
from tests.kit.waiting import eventually, noting_calls
from tests.services.pdf import samples

ROOT = Path(__file__).resolve().parents[3]
LETTER = samples.letter("Still here")
SLOW = samples.nested_forms(40)


@pytest.fixture
def own() -> Iterator[PdfInspector]:
    # On a busy machine one may have to wait for a turn.
    with closing(PdfInspector(seconds=60)) as inspector:
        yield inspector


def text(inspector: PdfInspector) -> tuple[str, ...]:
    return inspector.examine(io.BytesIO(LETTER)).text


def zygotes(parent: int | None = None) -> list[psutil.Process]:
    """Return the reading processes of a process, which carry their module's name."""
    return [
        child
        for child in psutil.Process(parent).children()
        if child.status() != psutil.STATUS_ZOMBIE
        and "services.pdf.zygote" in child.cmdline()
    ]


def is_waiting(zygote: psutil.Process) -> bool:
    """Return whether all its spare readers are waiting."""
    states = [reader.status() for reader in zygote.children()]
    return states == [psutil.STATUS_SLEEPING] * SPARES


def kill(readers: list[psutil.Process]) -> None:
    """Kill readers; one that has read may just be exiting by itself."""
    for reader in readers:
        with suppress(psutil.NoSuchProcess):
            reader.kill()


def test_nothing_is_started_before_the_first_file():
    before = zygotes()

    PdfInspector().close()

    assert zygotes() == before


def test_one_that_was_killed_is_started_again(own):
    before = zygotes()
    text(own)
    (started,) = set(zygotes()) - set(before)

    started.kill()

    assert text(own) == ("Still here",)


def test_a_file_is_read_although_the_process_dies_just_then(own):
    before = zygotes()
    text(own)
    (started,) = set(zygotes()) - set(before)
    # A reader that was only just forked does not end with its parent yet.
    eventually(lambda: is_waiting(started))
    with ThreadPoolExecutor(1) as pool, noting_calls(socket, "send_fds") as sent:
        for each in (started, *started.children()):
            each.suspend()
        reading = pool.submit(text, own)
        sent.wait()
        started.kill()

        assert reading.result() == ("Still here",)


def test_a_reader_that_is_killed_costs_its_own_file_only(own):
    before = zygotes()
    text(own)
    (started,) = set(zygotes()) - set(before)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(own.examine, io.BytesIO(SLOW))
        eventually(lambda: len(started.children()) > SPARES)
        kill(started.children())

        with pytest.raises(Unreadable):
            reading.result()
    assert text(own) == ("Still here",)
    assert started.is_running()


def test_64_threads_share_one_process(own):
    before = zygotes()
    with ThreadPoolExecutor(64) as pool:
        texts = list(pool.map(text, [own] * 128))

    assert texts == [("Still here",)] * 128
    assert len(zygotes()) == len(before) + 1


def test_neither_descriptors_nor_the_dead_are_left_behind():
    # In a process of its own: in this one, other tests open and close descriptors
    # meanwhile. Only root could look into the reading process, which is confined.
    program = (
        "import io, os, psutil, pytest; from services.pdf import inspecting, zygote\n"
        "from tests.services.pdf import samples\n"
        "from tests.kit.waiting import eventually\n"
        "letter, broken = samples.letter(), b'%PDF-1.7 broken'\n"
        "inspector = inspecting.PdfInspector(seconds=60)\n"
        "for _ in range(21):\n"
        "    inspector.examine(io.BytesIO(letter))\n"
        "    with pytest.raises(inspecting.Unreadable):\n"
        "        inspector.examine(io.BytesIO(broken))\n"
        "    this = psutil.Process()\n"
        "    (reading,) = this.children()\n"
        "    eventually(lambda: len(reading.children()) == zygote.SPARES)\n"
        "    seen = (this, reading) if os.geteuid() == 0 else (this,)\n"
        "    print(*(process.num_fds() for process in seen), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
    open_files = done.stdout.splitlines()
    assert len(open_files) == 21
    assert set(open_files) == {open_files[0]}


def test_a_spare_reader_that_is_killed_is_replaced(own):
    before = zygotes()
    text(own)
    (started,) = set(zygotes()) - set(before)
    spares = started.children()

    kill(spares)

    eventually(lambda: len(set(started.children()) - set(spares)) == SPARES)
    assert text(own) == ("Still here",)


def test_whoever_waits_in_vain_for_a_turn_is_told_so():
    with closing(PdfInspector(seconds=1)) as inspector, ThreadPoolExecutor(20) as pool:
        readings = [pool.submit(inspector.examine, io.BytesIO(SLOW)) for _ in range(20)]
        refusals = [type(each.exception()) for each in readings]

    assert set(refusals) == {Unreadable, Busy}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["9", "15"])
def test_it_ends_with_the_app_however_that_ends(number):
    program = (
        "import io, sys; from services.pdf.inspecting import PdfInspector\n"
        "from tests.services.pdf import samples\n"
        "inspector = PdfInspector(seconds=60)\n"
        "print(inspector.examine(io.BytesIO(samples.letter())), flush=True)\n"
        "inspector.examine(io.BytesIO(samples.nested_forms(40)))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT
    ) as app:
        assert app.stdout.readline()
        (zygote,) = zygotes(app.pid)
        eventually(lambda: len(zygote.children()) > SPARES)
        family = [zygote, *zygote.children()]

        os.kill(app.pid, number)

    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into it")
def test_it_knows_no_secret(own, monkeypatch):
    monkeypatch.setenv("CHARTROOM_SECRET_KEY", "k" * 32)
    before = zygotes()
    text(own)
    (started,) = set(zygotes()) - set(before)

    assert not [name for name in started.environ() if name.startswith("CHARTROOM")]
