"""The gate in front of Streamlit's uploaders: whose page it is, and whether it fits.

Streamlit itself takes and deletes files for anybody who names the id of a page's
session, as many as are sent, and keeps them when the page is gone. They are only in
memory, where pages want them whole on each run: so they are limited, not spooled.
"""

import asyncio
import ctypes
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

from api.core.dependencies import SESSION
from dashboard.ui.language import refusal_text, using_language
from dashboard.web.languages import language_at
from dashboard.web.uploaded_files import arriving
from dashboard.web.uploads.page_sessions import PageSessions, uploads
from dashboard.web.uploads.upload_quota import (
    ServerFull,
    SignInFull,
    UploadId,
    UploadLimits,
    UploadQuota,
    UploadRefused,
)
from services.people.sessions import LiveSession

_ADDRESS: Final = re.compile(r"/_stcore/upload_file/(?P<page>[^/]+)/(?P<file>[^/]+)")
_NOT_FOUND: Final = 404
_LENGTH_REQUIRED: Final = 411
_NOT_YOURS: Final = (
    "This page is not yours, or it has lost its connection. Reload it, then choose "
    "the file again."
)
_EVERY_SECONDS: Final = 1.0
_log = logging.getLogger("chartroom.uploads")


class UploadGate:
    """Lets files into, and out of, the pages of the sign-in that sends them."""

    def __init__(self, app: ASGIApp, limits: UploadLimits, usual: str) -> None:
        """Answer in the language `usual` those who have chosen none."""
        self._app = app
        self._usual = usual
        self._pages = PageSessions()
        self._quota = UploadQuota(limits, _stored)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass admitted requests on, and refuse the others with a sentence."""
        if scope["type"] == "lifespan":
            async with self._freeing():
                await self._app(scope, receive, send)
        elif (upload := _upload_of(scope)) is None:
            await self._app(scope, receive, send)
        else:
            try:
                await self._pass_on(upload, scope, receive, send)
            except UploadRefused as refusal:
                with using_language(language_at(HTTPConnection(scope), self._usual)):
                    await _refuse(refusal, scope, receive, send)

    @asynccontextmanager
    async def _freeing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._free_again_and_again())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _pass_on(
        self, upload: UploadId, scope: Scope, receive: Receive, send: Send
    ) -> None:
        live: LiveSession | None = scope.get(SESSION)
        if live is None or not self._pages.is_of(upload.page_id, live):
            raise _NotYours
        if scope["method"] == "DELETE":
            await self._app(scope, receive, send)
        elif not self._pages.is_connected(upload.page_id):
            raise _NotYours
        else:
            await self._take(upload, live, scope, receive, send)

    async def _take(
        self,
        upload: UploadId,
        live: LiveSession,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        size, sign_in = _declared_bytes(scope), live.record.id
        self._pages.follow(upload.page_id)
        try:
            self._quota.reserve(upload, size, sign_in)
        except (SignInFull, ServerFull):
            # Somebody who reloads a full page must not have to wait.
            self._pages.end_lost(live)
            self._quota.reserve(upload, size, sign_in)
        try:
            with arriving(upload.page_id):
                await self._app(scope, receive, send)
        finally:
            self._quota.release(upload)

    async def _free_again_and_again(self) -> None:
        held_before = 0
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                held_before = await self._free(held_before)
            except Exception:
                _log.exception("Freeing files that pages left behind failed.")

    async def _free(self, held_before: int) -> int:
        """End pages that are gone, free their memory, and return the bytes held."""
        if not runtime.exists():
            return 0
        self._pages.end_gone()
        held = sum(_stored().values())
        if held < held_before:
            await to_thread.run_sync(_return_memory)
        return held


class _NotYours(UploadRefused):
    """The page belongs to another sign-in, or does not exist."""

    status = _NOT_FOUND

    def __init__(self) -> None:
        super().__init__(_NOT_YOURS)


class _NoLength(UploadRefused):
    """Without a declared size nobody can know whether the file fits."""

    status = _LENGTH_REQUIRED

    def __init__(self) -> None:
        super().__init__("Say how large the file is (Content-Length).")


def _upload_of(scope: Scope) -> UploadId | None:
    """Return the file that a request uploads or deletes; None if it does neither."""
    if scope["type"] != "http" or scope["method"] not in {"PUT", "DELETE"}:
        return None
    named = _ADDRESS.fullmatch(scope["path"])
    return UploadId(named["page"], named["file"]) if named else None


def _stored() -> dict[UploadId, int]:
    # Pages' threads change it meanwhile.
    return {
        UploadId(page_id, record.file_id): len(record.data)
        for page_id, files in list(uploads().file_storage.items())
        for record in list(files.values())
    }


def _declared_bytes(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    if not declared.isdecimal():
        raise _NoLength
    return int(declared)


async def _refuse(
    refusal: UploadRefused, scope: Scope, receive: Receive, send: Send
) -> None:
    wait = refusal.retry_after_seconds
    headers = {"Retry-After": str(wait)} if wait else None
    answer = PlainTextResponse(refusal_text(refusal), refusal.status, headers)
    await answer(scope, receive, send)


def _return_memory() -> None:
    """Return free memory between used blocks to the system; blocks for milliseconds.

    glibc returns single blocks of 32 MB and more by itself. Smaller ones it keeps for
    the next file of their size, which may never come: of 80 files of 3 MB, 190 MB
    stayed when their page was gone. Elsewhere this does nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
