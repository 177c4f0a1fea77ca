"""The command line: `python -m dashboard`."""

import atexit
import gc

from dashboard.cli import app
from dashboard.cli.explaining import explain_lost_output

# Nothing that is loaded is garbage, yet Python's collector ran some 700 times: a third
# of the time that it took to load the web server.
_YOUNG_OBJECTS = 20_000

if __name__ == "__main__":
    gc.set_threshold(_YOUNG_OBJECTS)
    # Nor is there any at the end, when Python would collect once more: half a second
    # for a worker.
    atexit.register(gc.freeze)
    with explain_lost_output():
        app()
