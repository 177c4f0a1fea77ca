"""What is done in the background: tasks as thin as pages, and the worker."""
