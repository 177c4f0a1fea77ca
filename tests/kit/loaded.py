"""Everything that programs of Chartroom load, for processes that begin with it.

Nothing of it may warn, here as where a command is started with warnings as errors.
"""

import gc
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("error")
    import dashboard.cli
    import dashboard.web.server  # noqa: F401
    import jobs.worker.tasks  # noqa: F401

# Copies share what is never collected.
gc.collect()
gc.freeze()
