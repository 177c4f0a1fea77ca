"""As many open files and connections as the machine lets a process have."""

import resource
from contextlib import suppress


def allow_open_files() -> None:
    """Let this process, and those that it starts, have as many as they may.

    A login has 1,024 unless it asks. A server with 500 people's pages uses them up, and
    what they fetch; so does a MongoDB with hundreds of connections and files, which
    ends itself when it has no more.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where nothing bounds it, a kernel may have a bound that it does not tell.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
