"""Other servers are verified by the machine's authorities, including a clinic's own."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from dashboard.sign_in.oidc.provider import (
    Client,
    Provider,
    ProviderAway,
    ProviderRefused,
)
from db.backups.copies.object_store import ObjectStore, StoreAddress, StoreFailed
from services.cluster.alerts.records import AlertChange, AlertKind
from services.cluster.alerts.sending import Channel, Envelope, Post
from services.messaging.text_messages import Gateway, TextNotSent
from services.people.connected_systems.key_fetching import (
    KeysUnavailable,
    fetch_keys,
)
from tests.kit.own_authority import (
    in_the_machines_store,
    own_certificate,
    serving_with,
)

_EMPTY_BUCKET = (
    b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>'
    b"</ListBucketResult>"
)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        content = _EMPTY_BUCKET if "list-type" in self.path else b"{}"
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that did not trust the certificate."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def address(certificate: Path) -> Iterator[str]:
    """The address of a server of the clinic's, with a certificate of the clinic's."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.socket = serving_with(certificate).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _texts(address: str) -> bool:
    try:
        Gateway(f"{address}/messages").send("+491701234567", "Hello.")
    except TextNotSent:
        return False
    return True


def _alerts(address: str) -> bool:
    began = AlertChange(
        uuid4(), AlertKind.BACKUP_FAILED, None, "began", datetime.now(UTC), 1, 1, "."
    )
    return Post().deliver(Envelope(Channel.WEBHOOK, f"{address}/hook", began))


def _fetches_keys(address: str) -> bool:
    try:
        return fetch_keys(f"{address}/jwks", ("127.0.0.1",), most=100) == b"{}"
    except KeysUnavailable:
        return False


def _signs_in(address: str) -> bool:
    client = Client(address, "chartroom", "secret", "openid", f"{address}/back")
    try:
        asyncio.run(Provider(client).ask())
    except ProviderAway:
        return False
    except ProviderRefused:
        # The connection was trusted: the provider's metadata is empty.
        return True
    raise AssertionError


@pytest.mark.parametrize("asks", [_texts, _alerts, _fetches_keys, _signs_in])
@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "unknown"])
def test_the_clinics_own_authority_counts_once_the_machine_trusts_it(
    address: str, certificate: Path, asks: Callable[[str], bool], is_trusted: bool
):
    store = in_the_machines_store(certificate) if is_trusted else nullcontext()
    with store:
        assert asks(address) is is_trusted


def test_a_copy_of_the_backups_goes_to_a_store_that_the_machine_trusts(
    address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    def names() -> dict[str, int]:
        place = StoreAddress("backups", "", address, "local", "key", "secret", tries=1)
        return ObjectStore(place).names()

    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with pytest.raises(StoreFailed):
        names()
    # The way a distribution tells OpenSSL, and Python with it, where its store is.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ssl.get_default_verify_paths().cafile == str(certificate)
    assert names() == {}
