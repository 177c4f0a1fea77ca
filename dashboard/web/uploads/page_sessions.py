"""Streamlit's sessions, one for each open page: whose each is, and when it is over.

A page whose connection is lost can return to its session for a while
(`server.disconnectedSessionTTL`). After that Streamlit does not return the session any
more, but frees what it holds only when some other page goes; so a session that was
given files is followed here.
"""

from typing import cast
from weakref import WeakValueDictionary

from streamlit import runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.session_manager import SessionManager

from services.people.sessions import LiveSession


class PageSessions:
    """The sessions of this process's pages; belongs to the event loop of its server."""

    def __init__(self) -> None:
        self._followed: WeakValueDictionary[str, AppSession] = WeakValueDictionary()

    def is_of(self, page_id: str, live: LiveSession) -> bool:
        """Return whether a page is of this very sign-in, connected or about to be."""
        session = _find(page_id)
        return session is not None and session.matches_user_info(
            {"uid": str(live.actor.id), "sid": str(live.record.id)}
        )

    def is_connected(self, page_id: str) -> bool:
        """Return whether the page is connected."""
        return _manager().is_active_session(page_id)

    def follow(self, page_id: str) -> None:
        """Free what the page holds as soon as the page cannot return any more."""
        if (session := _find(page_id)) is not None:
            self._followed[page_id] = session

    def end_lost(self, live: LiveSession) -> None:
        """End the pages of this sign-in that lost their connection; none can return."""
        for page_id in list(self._followed):
            if self.is_of(page_id, live) and not self.is_connected(page_id):
                self._end(page_id)

    def end_gone(self) -> None:
        """End the pages that cannot return, and drop files that arrived too late."""
        for page_id in list(self._followed):
            if _find(page_id) is None:
                self._end(page_id)
        for page_id in list(uploads().file_storage):
            if _find(page_id) is None:
                uploads().remove_session_files(page_id)

    def _end(self, page_id: str) -> None:
        if (session := self._followed.pop(page_id, None)) is not None:
            session.clear_user_info()
            session.shutdown()
            # The values of widgets hold the bytes as well, and live until Python
            # collects the session's cycles.
            session.session_state.clear()


def uploads() -> MemoryUploadedFileManager:
    """Return the store of the files of all pages."""
    return cast("MemoryUploadedFileManager", runtime.get_instance().uploaded_file_mgr)


def _manager() -> SessionManager:
    # There is no public way to find out whose a session is.
    return runtime.get_instance()._session_mgr


def _find(page_id: str) -> AppSession | None:
    info = _manager().get_session_info(page_id)
    return None if info is None else info.session
