"""One command for everything: databases, schema, demo data, web server and worker."""

import shlex
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from dashboard.cli.going_back.as_requested import settle_abandoned, settle_ended
from dashboard.cli.going_back.closing import ClosingServer
from dashboard.cli.launching import children
from dashboard.cli.launching.children import Child
from dashboard.cli.launching.stages import Say, Stages
from dashboard.cli.launching.web_processes import WebProcesses, number_of
from dashboard.cli.reloading import ReloadServer
from dashboard.web.front import caddy
from dashboard.web.front.going_back_socket import GoingBackServer
from dashboard.web.public_address import local_address
from dashboard.web.startup_checks import (
    require_address,
    require_file_keys,
    require_safe_mongo,
    require_sign_in,
)
from db import embedded
from db.embedded import Cluster, DataFolder
from db.embedded.processes.child_processes import limit_logs
from db.embedded.replacement import Replacement
from db.settings import Settings
from services.core.actors import Actor

_LOOK_SECONDS: Final = 0.5
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS: Final = 0.1


class _Stopped(BaseException):
    """A signal asks to stop; not an Exception, so that nothing else catches it."""


def serve(settings: Settings, *, empty: bool, say: Say) -> None:
    """Start everything, report each stage, and run until SIGINT or SIGTERM.

    Raises CannotServe or embedded.CannotStart. However it ends, nothing that was
    started here is left running.
    """
    require_sign_in(settings)
    require_file_keys(settings)
    require_safe_mongo(settings)
    require_address(settings.host, settings.port)
    folder = DataFolder(settings.data)
    folder.prepare()
    with _until_stopped(), ExitStack() as held, _uninterrupted_cleanup():
        stages = Stages(say)
        web = WebProcesses(settings, number_of(settings, say))
        worker = Child("worker", folder.log("worker"))
        going_back = Child("go-back-as-asked", folder.log("going-back"))
        databases = held.enter_context(ExitStack())
        held.callback(lambda: children.stop([*web.all(), worker, going_back]))
        # It needs seconds to import everything, which it can do while the databases
        # start.
        web.start()
        is_filled = settings.is_demo and not (empty or folder.is_complete)
        with _loaded_beside(is_filled=is_filled):
            cluster = (
                embedded.start_within(databases, settings.data, report=stages.tell)
                if settings.is_embedded
                else None
            )
        standby = StandbyLaunch(cluster)
        if standby.is_following:
            _open_standby(settings, standby, web, stages, say)
        else:
            _open_clinic(settings, web, worker, stages, say, empty=empty)
        held.callback(say, "Stopping.")
        reloads = held.enter_context(ReloadServer(settings))
        closings = held.enter_context(ClosingServer(settings))
        settle_abandoned(settings.data)
        orders = held.enter_context(GoingBackServer(settings.data))

        def reopen() -> None:
            _reopen(settings, databases, web, worker, say)

        while True:
            reloads.answer(partial(_reload, web, worker), seconds=_LOOK_SECONDS)
            limit_logs(folder.logs)
            web.look_after()
            standby.require_main()
            if not standby.is_following:
                orders.answer(partial(_begin, going_back))
                settle_ended(settings.data, going_back)
                closings.answer(lambda: children.stop([*web.all(), worker]), reopen)
                worker.look_after()
            elif standby.is_promoted:
                standby.lead()
                _be_the_clinic(settings, worker, say)


def _open_standby(
    settings: Settings,
    standby: "StandbyLaunch",
    web: WebProcesses,
    stages: Stages,
    say: Say,
) -> None:
    # Without a worker: the site has nothing of its own to write, and nobody should get
    # letters from both sites.
    web.prepare()
    web.open()
    stages.done("Web server")
    standby.tell_the_way(settings, stages.seconds, say)


def _open_clinic(
    settings: Settings,
    web: WebProcesses,
    worker: Child,
    stages: Stages,
    say: Say,
    *,
    empty: bool,
) -> None:
    from dashboard.cli.launching.opening import open_clinic

    cast = open_clinic(settings, stages, empty=empty, beside=web.prepare)
    _open(web, worker)
    stages.done("Web server")
    _tell_the_way(settings, cast, stages, say)


@contextmanager
def _loaded_beside(*, is_filled: bool) -> Iterator[None]:
    """Load the code that opens the clinic while the body starts its databases.

    That is half of our code, and a start would wait for it if it came first.
    """

    def load() -> None:
        from dashboard.cli.launching import opening

        if is_filled:
            opening.load_demo()

    with ThreadPoolExecutor(1) as aside:
        loading = aside.submit(load)
        yield
        loading.result()


def _be_the_clinic(settings: Settings, worker: Child, say: Say) -> None:
    """Do for a promoted site what a clinic's start does besides starting servers."""
    from dashboard.cli.launching.opening import open_clinic

    say("This site was promoted: it is the clinic from now on.")
    # It is not a new clinic, however little there is in it.
    open_clinic(settings, Stages(say), empty=True)
    worker.start()
    worker.begin()
    say("The clinic is open here.")


class StandbyLaunch:
    """The launcher's view of sites: whether this one follows, or has been replaced.

    It also serves a clinic that follows none.
    """

    def __init__(self, cluster: Cluster | None) -> None:
        site = cluster.addresses.followed if cluster else None
        self._site = site
        self._cluster = cluster

    @property
    def is_following(self) -> bool:
        """Whether the site follows another one, and only shows what that one has."""
        return self._site is not None

    @property
    def is_promoted(self) -> bool:
        """Whether the site was promoted since it was started."""
        return self._cluster is not None and self._cluster.is_promoted

    def require_main(self) -> None:
        """Raise CannotStart once another site is the clinic instead of this one."""
        if self._cluster is not None:
            self._cluster.require_main()

    def lead(self) -> None:
        """Be the clinic from now on."""
        assert self._cluster is not None  # noqa: S101 - it follows
        self._cluster.lead()
        self._site = None

    def tell_the_way(self, settings: Settings, seconds: float, say: Say) -> None:
        """Print that this is a standby site, and its address."""
        name = self._site.name if self._site else ""
        say(
            f"Chartroom is ready after {seconds:.1f} s: {local_address(settings)}, "
            f"the standby site {name}. It shows the main site's data and is read-only "
            "until it is promoted with python -m dashboard promote-site."
        )
        say("Ctrl-C stops everything.")


def _begin(child: Child) -> None:
    """Have a child do its work once, unless it is running."""
    if not child.is_running:
        children.stop([child])
        child.start()
        child.begin()


def _open(web: WebProcesses, worker: Child) -> None:
    """Open the clinic to people, and then start the worker."""
    web.open()
    worker.start()
    worker.begin()


def _reopen(
    settings: Settings,
    databases: ExitStack,
    web: WebProcesses,
    worker: Child,
    say: Say,
) -> None:
    """Open a clinic that was closed: as it was, or with restored data if ready."""
    web.start()
    replacement = Replacement(DataFolder(settings.data))
    if not replacement.is_ready:
        # A restore that was killed may have left a beginning.
        with suppress(embedded.CannotStart):
            replacement.resume()
    else:
        say(
            "The clinic is going back in time: its servers start again with restored "
            "data."
        )
        stages = Stages(say)
        databases.close()
        embedded.start_within(databases, settings.data, report=stages.tell)
        from dashboard.cli.launching.opening import open_clinic

        # It is not a new clinic, however little there was in it then.
        open_clinic(settings, stages, empty=True)
    web.prepare()
    _open(web, worker)
    say("The clinic is open again.")


def _reload(web: WebProcesses, worker: Child) -> Iterator[str]:
    """Replace the processes that run our code; yield progress; raises CannotServe."""
    yield from web.reload()
    if worker.process is None:
        # A standby site has none.
        return
    children.stop([worker])
    worker.start()
    worker.begin()
    yield f"{worker.name} is replaced."


def _tell_the_way(
    settings: Settings, cast: tuple[Actor, ...], stages: Stages, say: Say
) -> None:
    address = local_address(settings)
    # Commands of other terminals are not given the options of this start.
    DataFolder(settings.data).publish_address(address)
    say(f"Chartroom is ready after {stages.seconds:.1f} s: {address}")
    if settings.https:
        root = caddy.root_certificate(settings)
        say(f"Browsers trust it once this authority is installed: {root}")
    if cast:
        say("You can sign in there as")
        for person in cast:
            say(f"  {person.name:<20}{person.role}")
    else:
        say(f"Invite the first administrator with: {_first_invitation(settings)}")
    say("Ctrl-C stops everything.")


def _first_invitation(settings: Settings) -> str:
    """Return the command for another terminal, which has no option of this start."""
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return shlex.join(
        [
            "env",
            # The link in the invitation leads to this port.
            f"CHARTROOM_PORT={settings.port}",
            str(python),
            *("-m", "dashboard", "create-admin"),
            *("--data", str(settings.data)),
            *("--email", "NAME@EXAMPLE.ORG"),
            *("--name", "First Last"),
        ]
    )


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Run the body until it ends or a signal asks to stop; then let it clean up."""
    for number in _SIGNALS:
        # Somebody who started this with nohup wants it to outlive the terminal.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    former, sys.unraisablehook = sys.unraisablehook, _stop_again
    try:
        with suppress(_Stopped):
            yield
    finally:
        sys.unraisablehook = former


def _stop_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Stop a moment later if the signal has come while Python could not raise.

    It drops exceptions of destructors and of the callbacks of weak references. All
    signals are ignored by then: nothing but SIGKILL would end this any more.
    """
    if unraisable.exc_type is not _Stopped:
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


@contextmanager
def _uninterrupted_cleanup() -> Iterator[None]:
    """Run the body, and let no signal interrupt the cleaning up after it.

    After a start that fails, too: it has more to end than a person waits for.
    """
    try:
        yield
    finally:
        _ignore_signals()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    # Once is enough: a second Ctrl-C must not interrupt the cleaning up.
    _ignore_signals()
    raise _Stopped


def _ignore_signals() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
