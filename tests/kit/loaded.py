"""Everything that programs of Chartroom load, for processes that begin with it."""

import gc
import importlib
import pkgutil

import dashboard.cli
import dashboard.web.server
import jobs.worker.tasks  # noqa: F401

for _module in pkgutil.iter_modules(dashboard.cli.__path__, "dashboard.cli."):
    importlib.import_module(_module.name)

# Copies share what is never collected.
gc.collect()
gc.freeze()
