"""Logged exceptions name no patient."""

import logging

import pytest

from dashboard import logs


@pytest.fixture
def log(caplog):
    before = logging.getLogRecordFactory()
    logs.keep_messages_out()
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
    assert "test_logs.py" in caplog.text
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
