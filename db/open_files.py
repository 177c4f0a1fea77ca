"""As many open files and connections as the machine allows a process."""

import resource
from contextlib import suppress


def allow_open_files() -> None:
    """Raise the limit of open files to the maximum, for this process and its children.

    A login has 1,024 unless it asks for more. A server uses them up with 500 people's
    pages and what those load; so does a MongoDB with hundreds of connections and files,
    which exits when it has none left.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Without a limit here, a kernel may have one that it does not report.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
