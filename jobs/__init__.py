"""Background work: tasks as thin as pages, and the worker."""
