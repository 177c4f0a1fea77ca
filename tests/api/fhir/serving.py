"""An application as other systems reach it: over HTTP, on a port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.kit.waiting import eventually


@contextmanager
def serving(app: Any, port: int) -> Iterator[str]:
    """Serve the application until the block ends; yield its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, seconds=20)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)
