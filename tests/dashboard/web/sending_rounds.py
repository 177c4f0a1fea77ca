"""Measures in how many rounds of the event loop Streamlit sends a thousand messages.

With `--at-once` as in Chartroom, otherwise as Streamlit alone.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.session_manager import SessionClient

from dashboard.web.sessions import message_batches

MESSAGES = 1_000


class Client(SessionClient):
    """Records which messages arrived, and each one's round of the event loop."""

    def __init__(self) -> None:
        self.round = 0
        self.came: list[tuple[str, int]] = []

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        self.came.append((msg.page_info_changed.query_string, self.round))

    async def count(self) -> None:
        while True:
            self.round += 1
            await asyncio.sleep(0)


async def send(script: Path) -> None:
    files, uploads = MemoryMediaFileStorage("/f"), MemoryUploadedFileManager("/u")
    runtime = Runtime(RuntimeConfig(str(script), files, uploads))
    await runtime.start()
    client = Client()
    session_id = runtime.connect_session(client, {})
    session = runtime._session_mgr.get_active_session_info(session_id)
    sent = [str(number) for number in range(MESSAGES)]
    for words in sent:
        message = ForwardMsg()
        message.page_info_changed.query_string = words
        session.session._enqueue_forward_msg(message)
    counting = asyncio.create_task(client.count())
    while len(client.came) < MESSAGES:
        await asyncio.sleep(0.01)
    counting.cancel()
    assert [words for words, _ in client.came] == sent
    sys.stdout.write(str(len({round_ for _, round_ in client.came})))
    runtime.stop()
    await runtime.stopped


if __name__ == "__main__":
    if "--at-once" in sys.argv:
        message_batches.send_at_once()
    with tempfile.NamedTemporaryFile(suffix=".py") as page:
        asyncio.run(send(Path(page.name)))
