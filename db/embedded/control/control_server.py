"""The launcher's control server: HTTP on 127.0.0.1, with a random key."""

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from db.cluster.control_client import ControlRefused
from db.embedded.data_folder import CannotStart

_log = logging.getLogger(__name__)

# The commands by name; each takes the fields of the request's body.
Commands = Mapping[str, Callable[..., object]]

_LONGEST_QUESTION: Final = 10_000
_REQUEST_SECONDS: Final = 5.0


class ControlServer:
    """Answers commands of callers with the key, each in a thread of its own.

    The key is made anew at every start, so a former one opens nothing.
    """

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(32)
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str | None:
        """Where the server listens, once it is open."""
        if self._server is None:
            return None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def open(self, commands: Commands) -> None:
        """Start answering commands."""
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), _handler(commands, self.key)
        )
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop answering, without waiting for commands in progress."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(commands: Commands, key: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Handles one connection."""

        timeout = _REQUEST_SECONDS

        def do_POST(self) -> None:
            """Run the command in the path with the fields of the body."""
            if not self._has_key():
                self._answer(
                    HTTPStatus.UNAUTHORIZED, {"refused": "The key is missing or wrong."}
                )
                return
            command = commands.get(self.path.removeprefix("/"))
            fields = self._fields()
            if command is None or fields is None:
                self._answer(
                    HTTPStatus.BAD_REQUEST, {"refused": "The command is not known."}
                )
                return
            self._answer(*_done(command, fields))

        def log_message(self, *_: object) -> None:
            """Log nothing: commands log what they do."""

        def _has_key(self) -> bool:
            given = self.headers.get("Authorization", "").encode()
            return secrets.compare_digest(given, f"Bearer {key}".encode())

        def _fields(self) -> dict[str, Any] | None:
            with suppress(ValueError):
                length = int(self.headers.get("Content-Length", 0))
                if 0 <= length <= _LONGEST_QUESTION:
                    fields = json.loads(self.rfile.read(length) or b"{}")
                    return fields if isinstance(fields, dict) else None
            return None

        def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            # The caller may have given up.
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    return Handler


def _done(
    command: Callable[..., object], fields: dict[str, Any]
) -> tuple[HTTPStatus, dict[str, Any]]:
    try:
        return HTTPStatus.OK, {"answer": command(**fields)}
    except (ControlRefused, CannotStart) as refusal:
        return HTTPStatus.CONFLICT, {"refused": str(refusal)}
    except (TypeError, ValueError):
        _log.exception("A command was malformed.")
        return HTTPStatus.BAD_REQUEST, {"refused": "The command is malformed."}
    except Exception:
        _log.exception("A command failed.")
        return HTTPStatus.INTERNAL_SERVER_ERROR, {
            "refused": "The command failed; the launcher's log says why."
        }
