"""Background tasks, as thin as pages, run by the worker."""
