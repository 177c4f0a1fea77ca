"""Logged exceptions name no patient."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

from dashboard.web.log import json_log


@pytest.fixture
def log(caplog):
    before = logging.getLogRecordFactory()
    json_log.omit_exception_messages()
    yield logging.getLogger("somebody.elses.library")
    logging.setLogRecordFactory(before)


def _break():
    raise ValueError("Failing row contains (Ada, Lovelace)")


def test_a_traceback_shows_kind_and_lines_but_no_message(log, caplog):
    try:
        _break()
    except ValueError:
        log.exception("It broke")

    assert "builtins.ValueError" in caplog.text
    assert "test_json_log.py" in caplog.text
    assert "Lovelace" not in caplog.text


def test_the_cause_is_told_in_the_same_way(log, caplog):
    try:
        try:
            _break()
        except ValueError as error:
            raise KeyError("Ada") from error
    except KeyError as error:
        log.exception("It broke", exc_info=error)

    assert "builtins.KeyError" in caplog.text
    assert "because of builtins.ValueError" in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.parametrize(
    "write",
    [
        lambda log, error: log.error("It broke: %s", error),
        lambda log, error: log.error("It broke: %(e)s", {"e": error}),
        lambda log, error: log.error(error, exc_info=error),
    ],
    ids=["argument", "named argument", "as the message"],
)
def test_an_exception_given_to_a_log_call_shows_its_kind_only(log, caplog, write):
    write(log, ValueError("Lovelace"))

    assert "ValueError" in caplog.text
    assert "Lovelace" not in caplog.text


@pytest.fixture
def written(log):
    """What a process would write to standard error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(json_log.formatter())
    log.addHandler(handler)
    yield stream
    log.removeHandler(handler)


def test_a_line_is_one_json_object_that_names_its_request(log, written):
    with structlog.contextvars.bound_contextvars(request_id="4711"):
        log.warning("It %s", "rains", extra={"drops": 3})

    entry = json.loads(written.getvalue())
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "It rains",
        "level": "warning",
        "logger": "somebody.elses.library",
        "request_id": "4711",
        "drops": 3,
    }


def test_asvs_16_4_1_what_somebody_sent_cannot_pretend_to_be_another_line(log, written):
    log.warning('Hello\n{"level": "info"}')

    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["level"] == "warning"


def test_in_json_too_an_exception_shows_its_kind_only(log, written):
    try:
        _break()
    except ValueError:
        log.exception("It broke")

    assert "builtins.ValueError" in json.loads(written.getvalue())["exception"]
    assert "Lovelace" not in written.getvalue()


def test_no_address_that_was_asked_over_http_is_told():
    asking = """
import http.server, threading
from dashboard.web.log import json_log
from db import json_http

json_log.configure()
with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as s:
    s.RequestHandlerClass.log_message = lambda *_: None
    threading.Thread(target=s.handle_request).start()
    answer = json_http.ask("GET", f"http://127.0.0.1:{s.server_port}/?name=Lovelace")
    assert answer is not None and answer.status == 501
"""

    ended = subprocess.run(
        [sys.executable, "-c", asking], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_letters_of_a_pdf_are_told():
    making = """
from dashboard.web.log import json_log

json_log.configure()
from fontTools import subset
subset.log.info("Glyph names: %r", ["L", "o", "v", "e", "l", "a", "c"])
"""

    ended = subprocess.run(
        [sys.executable, "-c", making], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
