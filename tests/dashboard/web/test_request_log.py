"""One line per request, which can name nobody, and a net under everything."""

import logging

import pytest
from prometheus_client import REGISTRY
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from dashboard.web.log.request_log import RequestLog
from tests.dashboard.asgi import ask, connect


async def _break(scope, receive, send):
    raise ValueError("Failing row contains (Lovelace)")


async def _break_halfway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("Failing row contains (Lovelace)")


@pytest.fixture(autouse=True)
def _listen(caplog):
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "page"),
        ("/patients", "page"),
        ("/lovelace", "page"),
        ("/static/js/a.js", "/static/..."),
        ("/media/lovelace.jpg", "/media/..."),
        ("/_stcore/upload_file/session/lovelace", "/_stcore/..."),
        ("/lovelace/static", "page"),
    ],
)
def test_of_a_foreign_route_only_the_folder_is_told(caplog, path, route):
    ask(RequestLog(PlainTextResponse("")), path, query="q=lovelace")

    record = caplog.records[0]
    assert (record.method, record.route, record.status) == ("GET", route, 200)
    assert not any("lovelace" in str(value) for value in vars(record).values())


def test_each_request_has_an_id_of_ours_which_the_answer_tells(caplog):
    first, second = (
        ask(RequestLog(PlainTextResponse("")), **{"x-request-id": "lovelace"})
        for _ in range(2)
    )

    assert "lovelace" not in first.headers["x-request-id"]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_made_up_method_makes_no_label_of_its_own():
    ask(RequestLog(PlainTextResponse("")), method="LOVELACE")

    counted = {"route": "page", "status": "200"}
    name = "chartroom_http_requests_total"
    assert REGISTRY.get_sample_value(name, counted | {"method": "other"}) >= 1
    assert REGISTRY.get_sample_value(name, counted | {"method": "LOVELACE"}) is None


def test_what_breaks_is_answered_and_told_without_its_values(caplog):
    answer = ask(RequestLog(_break), "/api/v1/patients")

    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ValueError" in caplog.text
    assert "Lovelace" not in caplog.text + answer.body.decode()


def test_a_client_that_leaves_is_no_error(caplog):
    async def read(scope, receive, send):
        raise ClientDisconnect

    ask(RequestLog(read), "/_stcore/upload_file/session/file", method="PUT")

    assert [(record.levelname, record.status) for record in caplog.records] == [
        ("INFO", 499)
    ]


def test_what_breaks_halfway_is_told_once_and_not_answered_twice(caplog):
    answer = ask(RequestLog(_break_halfway))

    assert [message["type"] for message in answer.sent] == ["http.response.start"]
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1


def test_a_websocket_that_breaks_is_told_in_the_same_way(caplog):
    connect(RequestLog(_break))

    assert "ValueError" in caplog.text
    assert "Lovelace" not in caplog.text
