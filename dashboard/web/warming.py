"""Work that nobody should wait for: loading ahead, keeping, collecting garbage."""

import asyncio
import functools
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Final

# What pages import, directly or on first use. Loading it here, with the server, happens
# while the databases start; otherwise it would happen in the middle of the first page.
import pandas as pd  # noqa: F401
from anyio import to_thread
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.proto.NewSession_pb2 import Config, CustomThemeConfig, NewSession
from streamlit.runtime import app_session

# What pages and the wiring load only on first use.
from dashboard.audit import record_changes  # noqa: F401
from dashboard.consultations.prescriptions import (
    patient_prescriptions,  # noqa: F401
)
from dashboard.documents.filing import uploading  # noqa: F401
from dashboard.documents.forms import bulk_letters  # noqa: F401
from dashboard.patients.duplicates import (
    duplicate_candidates,  # noqa: F401
)
from dashboard.patients.search import (
    bulk_dialogs,  # noqa: F401
)
from dashboard.ui.lists import (
    views_menu,  # noqa: F401
)
from dashboard.visits.booking import own_holds  # noqa: F401
from dashboard.web.page_context import page_reads
from db.cluster import observing, patroni  # noqa: F401
from db.postgres import prepared  # noqa: F401
from services.cluster import operations  # noqa: F401
from services.consultations import prescriptions  # noqa: F401
from services.documents import records  # noqa: F401
from services.documents.search import cache  # noqa: F401
from services.patients.photos import photos  # noqa: F401
from services.pdf import inspecting, scanning, signing  # noqa: F401
from services.people import accounts  # noqa: F401
from services.visits.figures import caches  # noqa: F401

_SECONDS: Final = 10.0
# All pages stand still during a collection, which takes longer the more there are.
_REST: Final = 100
# Collections of middle-aged garbage after which Python makes a full one by itself.
_NEVER: Final = 1_000_000_000
_populate_theme: Final = app_session._populate_theme_msg
_populate_config: Final = app_session._populate_config_msg


def freeze_loaded() -> None:
    """Move everything that is loaded out of the garbage collector's sight.

    A collection of all generations looks through every object of every library, none of
    which ever goes away, and takes ten times as long as the run of a page.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def collecting(*, seconds: float = _SECONDS) -> AsyncIterator[None]:
    """Discard what is too old, and collect all garbage, once every `seconds`.

    Python collects young garbage by itself. Old garbage it collects once its candidates
    have grown by a quarter of what lasts: on a busy server several times as often as
    needed, and on an idle one never, although what a closed page kept of patients must
    not wait for the next busy hour. So it is collected only here, in at most a
    hundredth of the time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(*thresholds[:2], _NEVER)
    tasks = [
        asyncio.create_task(_let_go(seconds)),
        asyncio.create_task(_collect(seconds)),
    ]
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _let_go(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await to_thread.run_sync(page_reads.discard_expired)


async def _collect(seconds: float) -> None:
    took = 0.0
    while True:
        await asyncio.sleep(max(seconds, _REST * took))
        began = monotonic()
        # Finalizers may wait for something, which the event loop must not.
        await to_thread.run_sync(gc.collect)
        took = monotonic() - began


def read_theme_once() -> None:
    """Have Streamlit read the theme only once; to be called when all options are set.

    It reads all options of six sections again before every run of every page, although
    none changes while a server runs.
    """
    app_session._populate_theme_msg = copy_theme


def read_config_once() -> None:
    """Have Streamlit read only once the options that it sends to browsers.

    As with the theme, it reads each of them again before every run of every page. To be
    called when all are set.
    """
    app_session._populate_config_msg = copy_config


def send_page_list_once() -> None:
    """Have Streamlit send the list of pages only where the browser reads it.

    That is in the navigation. Streamlit also sends it at the beginning of every run,
    even of a fragment, where browsers have ignored it since `st.navigation`.
    """
    app_session.AppSession._populate_app_pages = _send_no_pages  # type: ignore[method-assign, assignment]


def skip_component_search() -> None:
    """Have Streamlit search no installed package for components of its own kind.

    For that it reads the file lists of all packages, 0.2 s at each start. Ours are
    registered by the modules that draw them, and no package that we require has any.
    """
    BidiComponentManager.discover_and_register_components = _register_no_components  # type: ignore[assignment,method-assign]


def _register_no_components(
    _manager: BidiComponentManager, *, start_file_watching: bool = True
) -> None:
    """Register no component, and watch no file."""


def copy_theme(msg: CustomThemeConfig, section: str = "theme") -> None:
    """Write a section of the theme's options into a message, as Streamlit would."""
    known = _read_theme(section)
    # Copying an empty one would say that there is such a section.
    if known.ByteSize():
        msg.MergeFrom(known)


def copy_config(msg: Config) -> None:
    """Write the options for browsers into a message, as Streamlit would."""
    msg.CopyFrom(_read_config())


def _send_no_pages(
    _session: app_session.AppSession, _msg: NewSession, _pages: object
) -> None:
    """Send no list of pages."""


@functools.cache
def _read_config() -> Config:
    message = Config()
    _populate_config(message)
    return message


@functools.cache
def _read_theme(section: str) -> CustomThemeConfig:
    message = CustomThemeConfig()
    _populate_theme(message, section)
    return message
