"""Streamlit's own scripts and styles, compressed once and kept by browsers for good."""

import gzip
import mimetypes
import re
import threading
from pathlib import Path
from typing import Final

import streamlit
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_PACKAGE: Final = Path(streamlit.__file__).parent / "static"
_PREFIX: Final = "/static/"
_COMPRESSIBLE: Final = frozenset({".js", ".css", ".json", ".svg", ".wasm", ".ttf"})
# Every name carries a digest of its content, so other content has another name.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_MENTIONED: Final = re.compile(r'(?:src|href)="\./static/([^"]+)"')


def find(pattern: str) -> str | None:
    """Return the address of one of Streamlit's own files, whose name has a digest."""
    paths = sorted((_PACKAGE / "static").glob(pattern))
    if not paths:
        return None
    return _PREFIX + paths[0].relative_to(_PACKAGE / "static").as_posix()


def inline_scripts() -> list[str]:
    """Return the inline scripts of Streamlit's own page."""
    page = (_PACKAGE / "index.html").read_text(encoding="utf-8")
    return _INLINE.findall(page)


class StaticAssets:
    """Answers /static/ from memory; Streamlit sends it uncompressed, 4 times the size.

    Compressed files are kept: 23 MB of scripts become about 7 MB once every one of them
    has been asked for, and the half MB of a first page takes no work at all.
    """

    def __init__(self, app: ASGIApp, folder: Path = _PACKAGE) -> None:
        self._app = app
        self._index = folder / "index.html"
        root = folder / "static"
        self._files = {
            path.relative_to(root).as_posix(): path
            for path in root.rglob("*")
            if path.is_file()
        }
        self._compressed: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a known file; pass everything else on."""
        response = await self._find(scope)
        await (response or self._app)(scope, receive, send)

    def warm_up(self) -> threading.Thread:
        """Compress what every first page needs, in the background."""
        names = [
            name
            for name in _MENTIONED.findall(self._index.read_text(encoding="utf-8"))
            if name in self._files and _is_compressible(self._files[name])
        ]
        thread = threading.Thread(
            target=lambda: [self._compress(name) for name in names],
            name="static-assets",
            daemon=True,
        )
        thread.start()
        return thread

    async def _find(self, scope: Scope) -> Response | None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(_PREFIX):
            return None
        name = path.removeprefix(_PREFIX)
        file = self._files.get(name)
        if file is None or scope["method"] not in {"GET", "HEAD"}:
            return None
        accepted = Headers(scope=scope).get("accept-encoding", "")
        if not _is_compressible(file) or "gzip" not in accepted:
            return FileResponse(file, headers=_HEADERS)
        body = self._compressed.get(name)
        if body is None:
            body = await to_thread.run_sync(self._compress, name)
        return Response(
            body if scope["method"] == "GET" else b"",
            media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            headers={
                **_HEADERS,
                "Content-Encoding": "gzip",
                "Content-Length": str(len(body)),
            },
        )

    def _compress(self, name: str) -> bytes:
        """Compress and keep; two threads may do the same work, which is harmless."""
        if name not in self._compressed:
            data = self._files[name].read_bytes()
            self._compressed[name] = gzip.compress(data, compresslevel=9, mtime=0)
        return self._compressed[name]


def _is_compressible(file: Path) -> bool:
    return file.suffix in _COMPRESSIBLE
