"""Everything that Chartroom's programs load, for processes that begin with it loaded.

None of it may warn, just as when a command is started with warnings as errors.
"""

import gc
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("error")
    import dashboard.cli
    import dashboard.web.server  # noqa: F401
    import jobs.worker.tasks  # noqa: F401

# Frozen objects are never collected, so copies go on sharing their memory.
gc.collect()
gc.freeze()
