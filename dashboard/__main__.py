"""The command line: `python -m dashboard`."""

import atexit
import gc

from dashboard.cli import app

# Of what is loaded nothing is garbage, and Python looked for some 700 times: a third of
# the time that it took to load the web server.
_YOUNG_OBJECTS = 20_000

if __name__ == "__main__":
    gc.set_threshold(_YOUNG_OBJECTS)
    # Nor is it at the end, when Python would look once more: half a second of a worker.
    atexit.register(gc.freeze)
    app()
