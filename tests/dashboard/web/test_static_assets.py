"""Streamlit's scripts and styles arrive compressed and are cached by browsers."""

import gzip

import pytest
from starlette.responses import PlainTextResponse

from dashboard.web.static_assets import StaticAssets
from tests.dashboard.asgi import ask

SCRIPT = b"console.log('chartroom')" * 100


@pytest.fixture
def assets(tmp_path):
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "index.abc.js").write_bytes(SCRIPT)
    (tmp_path / "static" / "font.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "index.html").write_text('<script src="./static/js/index.abc.js">')
    return StaticAssets(PlainTextResponse("from streamlit", 404), tmp_path)


def test_a_script_comes_compressed_to_who_can_read_it(assets):
    answer = ask(assets, "/static/js/index.abc.js", accept_encoding="br, gzip")

    assert gzip.decompress(answer.body) == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_script_comes_as_it_is_to_who_cannot(assets):
    answer = ask(assets, "/static/js/index.abc.js")

    assert answer.body == SCRIPT
    assert "content-encoding" not in answer.headers


def test_what_is_compressed_already_is_left_alone(assets):
    answer = ask(assets, "/static/font.woff2", accept_encoding="gzip")

    assert answer.body == b"wOF2"


@pytest.mark.parametrize("name", ["js/index.abc.js", "font.woff2"])
def test_browsers_keep_what_never_changes(assets, name):
    answer = ask(assets, f"/static/{name}", accept_encoding="gzip")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    ["/static/../secret.txt", "/static/js", "/static/", "/static/none.js", "/other"],
)
def test_anything_else_is_left_to_streamlit(assets, path):
    assert ask(assets, path).body == b"from streamlit"


def test_head_sends_no_body(assets):
    answer = ask(
        assets, "/static/js/index.abc.js", method="HEAD", accept_encoding="gzip"
    )

    assert answer.body == b""
    assert int(answer.headers["content-length"]) > 0


def test_the_first_page_is_compressed_before_it_is_asked_for(assets):
    assets.warm_up().join(timeout=10)

    assert set(assets._compressed) == {"js/index.abc.js"}
