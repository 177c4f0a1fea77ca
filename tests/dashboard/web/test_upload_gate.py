"""Uploads through the whole server: into one's own pages, and only as much as fits."""

import re
import socket
from contextlib import contextmanager
from uuid import uuid4

import psutil
import pytest

from services.core.actors import Role
from tests.dashboard.conftest import serving
from tests.dashboard.page import cookies_of, kept_open
from tests.kit.waiting import eventually

MB = 1 << 20
# Three files of this size exceed the limit of one sign-in, five the limit of all.
FILE = bytes(1_200_000)
LIMITS = {"upload_megabytes_per_sign_in": "3", "upload_megabytes": "5"}
SENTENCE = re.compile(r"[A-Z][^_]+\.")


class Uploader:
    """A page of a signed-in person, and its way to send files."""

    def __init__(self, browser, page):
        self.page = page
        self._browser = browser
        self._sent = []
        self.language = "en"
        browser.get("/_stcore/health")

    @property
    def id(self):
        return self.page.shown.session_id

    @property
    def headers(self):
        token = self._browser.cookies["_streamlit_xsrf"]
        return {"X-Xsrftoken": token, "Accept-Language": self.language}

    def put(self, data=FILE, *, page_id=None, file_id=None):
        address = self.address(page_id, file_id)
        self._sent.append(address)
        sent = {"file": ("a.pdf", data, "application/pdf")}
        return self._browser.put(address, files=sent, headers=self.headers)

    def delete(self, file_id, *, page_id=None):
        address = self.address(page_id, file_id)
        return self._browser.delete(address, headers=self.headers)

    def tidy_up(self):
        """Free the space for the next test."""
        for address in self._sent:
            self._browser.delete(address, headers=self.headers)

    def address(self, page_id=None, file_id=None):
        return f"/_stcore/upload_file/{page_id or self.id}/{file_id or uuid4()}"


@contextmanager
def opened(server, browser, **page):
    """Open a page of the person signed in there."""
    cookies = cookies_of(browser)
    with kept_open(server.url, cookies=cookies, origin=server.url, **page) as opened:
        yield Uploader(browser, opened)


@contextmanager
def uploader(server, role, **page):
    """Sign somebody in and open a page of theirs."""
    with server.signed_in(role) as browser, opened(server, browser, **page) as sender:
        browser.timeout = 60
        yield sender
        sender.tidy_up()


@pytest.fixture(scope="module")
def bounded(server, module_endpoints, tmp_path_factory):
    """A server with little space for uploads, which waits for lost pages."""
    folder = tmp_path_factory.mktemp("bounded")
    people = {"cast": server.cast}
    with serving(module_endpoints, folder, **people, **LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def forgetful(server, module_endpoints, tmp_path_factory):
    """A server that waits only a second for lost pages."""
    folder = tmp_path_factory.mktemp("forgetful")
    people = {"cast": server.cast}
    limits = {"upload_megabytes_per_sign_in": "300", "upload_megabytes": "300"}
    with serving(
        module_endpoints, folder, **people, **limits, reconnect_seconds="1"
    ) as running:
        yield running


@pytest.fixture
def maya(bounded):
    with uploader(bounded, Role.PATIENT) as sender:
        yield sender


@pytest.fixture
def rosa(bounded):
    with uploader(bounded, Role.STAFF) as sender:
        yield sender


def is_refused(answer, status):
    assert answer.status_code == status
    return SENTENCE.fullmatch(answer.text)


def test_a_page_takes_files_of_its_own_sign_in_and_lets_go_of_them(maya):
    assert maya.put(file_id="one").status_code == 204
    assert maya.delete("one").status_code == 204


def test_asvs_8_2_2_nobody_sends_files_into_the_page_of_somebody_else(maya, rosa):
    assert is_refused(maya.put(page_id=rosa.id), 404)


def test_a_file_is_refused_in_the_language_of_whoever_sends_it(maya, rosa):
    maya.language = "de"

    assert maya.put(page_id=rosa.id).text.startswith("Diese Seite gehört nicht Ihnen")


def test_nobody_learns_whether_there_is_such_a_page(maya, rosa):
    foreign, invented = maya.put(page_id=rosa.id), maya.put(page_id=str(uuid4()))

    assert (foreign.status_code, foreign.text) == (invented.status_code, invented.text)


def test_asvs_8_2_2_nobody_deletes_files_of_somebody_elses_page(maya, rosa):
    _ = rosa.put(file_id="one"), rosa.put()

    assert is_refused(maya.delete("one", page_id=rosa.id), 404)
    # It is still there; otherwise there would be space for another.
    assert rosa.put().status_code == 413


def test_not_even_from_another_sign_in_of_ones_own(bounded, maya):
    _ = maya.put(file_id="one"), maya.put()
    with uploader(bounded, Role.PATIENT) as later:
        assert is_refused(later.put(page_id=maya.id), 404)
        assert is_refused(later.delete("one", page_id=maya.id), 404)

    assert maya.put().status_code == 413


def test_more_than_a_sign_in_may_hold_is_refused_in_words(maya):
    assert [maya.put().status_code for _ in range(2)] == [204, 204]

    answer = maya.put()

    assert is_refused(answer, 413)
    assert "3 MB" in answer.text


def test_a_file_that_is_removed_makes_room(maya):
    _ = maya.put(file_id="one"), maya.put()
    assert maya.put().status_code == 413

    maya.delete("one")

    assert maya.put().status_code == 204


def test_more_than_all_may_hold_together_is_refused_until_later(bounded, maya, rosa):
    for sender in (maya, maya, rosa, rosa):
        assert sender.put().status_code == 204

    with uploader(bounded, Role.CLINICIAN) as amara:
        answer = amara.put()

    assert is_refused(answer, 429)
    assert answer.headers["retry-after"] == "60"


def test_files_that_are_on_their_way_count(bounded, maya):
    with _slow(bounded, maya) as first, _slow(bounded, maya) as second:
        assert maya.put().status_code == 413
        assert b" 204 " in first()
        assert b" 204 " in second()


def test_a_file_without_a_length_is_refused(maya):
    answer = maya._browser.put(
        maya.address(), content=iter([b"x"]), headers=maya.headers
    )

    assert is_refused(answer, 411)


def test_a_page_that_comes_back_in_time_still_has_its_files(bounded):
    with bounded.signed_in(Role.PATIENT) as browser:
        with opened(bounded, browser) as before:
            _ = before.put(), before.put()
        with opened(bounded, browser, session_id=before.id) as after:
            assert after.id == before.id
            assert after.put().status_code == 413
            before.tidy_up()


def test_a_page_opened_anew_need_not_wait_for_the_one_before(bounded):
    with bounded.signed_in(Role.PATIENT) as browser:
        with opened(bounded, browser) as before:
            _ = before.put(), before.put()
        with opened(bounded, browser) as after:
            eventually(after.put, lambda answer: answer.status_code == 204)
            after.tidy_up()
        with opened(bounded, browser, session_id=before.id) as again:
            assert again.id != before.id


@pytest.mark.parametrize(
    ("count", "size"), [(5, 49 * MB), (80, 3 * MB)], ids=["few large", "many small"]
)
def test_what_a_closed_page_held_goes_back_to_the_system(forgetful, count, size):
    def held():
        return psutil.Process(forgetful.pid).memory_info().rss

    with forgetful.signed_in(Role.PATIENT) as browser:
        # The first file loads the modules that all others use.
        with opened(forgetful, browser, query="upload") as sender:
            assert sender.put().status_code == 204
        before, data = held(), bytes(size)
        with opened(forgetful, browser, query="upload") as sender:
            files = {str(uuid4()): size for _ in range(count)}
            for file_id in files:
                assert sender.put(data, file_id=file_id).status_code == 204
            sender.page.choose(files)
            assert held() - before > count * size * 0.9

    eventually(held, lambda now: now - before < count * size * 0.1)


@contextmanager
def _slow(server, sender):
    """Begin to send a file; yield a function that sends the rest of it."""
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    body = head + FILE + b"\r\n--x--\r\n"
    lines = {
        "Host": f"127.0.0.1:{server.port}",
        "Origin": server.url,
        "Cookie": cookies_of(sender._browser),
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(len(body)),
        # Once the server has said to go on, it waits for the file.
        "Expect": "100-continue",
        "Connection": "close",
        **sender.headers,
    }
    address = sender.address()
    sender._sent.append(address)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        request = [f"PUT {address} HTTP/1.1", *map(": ".join, lines.items())]
        line.sendall("\r\n".join([*request, "", ""]).encode())
        assert b"100" in line.recv(1000)

        def finish():
            line.sendall(body)
            return line.recv(1000)

        yield finish
