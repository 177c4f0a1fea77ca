"""Tasks of the worker, deferred now and done by a real one."""

from anyio.from_thread import start_blocking_portal

from jobs.worker.worker import connected


def run_due(endpoints, stores, *names):
    """Defer the tasks and let a real worker do them until none is left."""

    async def work():
        async with connected(endpoints.database_url) as app:
            for name in names:
                await app.configure_task(name).defer_async(timestamp=0)
            await app.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                additional_context={"stores": stores},
            )

    with start_blocking_portal() as portal:
        portal.call(work)
