"""The worker: its queue, its threads, its tasks."""
