"""
An event loop that may be asked to run something while it runs: plugins await at their top level and call asyncio.run() as well.
What is asked for then runs on a loop of its own, while the outer one stands still.
"""

import asyncio
import contextlib

_run = asyncio.run
_runner_run = asyncio.Runner.run


@contextlib.contextmanager
def _standing_still():
    """Makes asyncio believe that no loop runs in this thread."""
    outer = asyncio._get_running_loop()
    if outer is None:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        asyncio.tasks._leave_task(outer, task)
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if task is not None:
            asyncio.tasks._enter_task(outer, task)


class PluginLoop(asyncio.SelectorEventLoop):
    def run_until_complete(self, future):
        if self.is_running():
            if isinstance(future, asyncio.Future):
                raise RuntimeError("This task belongs to the loop that is running: await it.")
            return run(_awaited(future))
        with _standing_still():
            return super().run_until_complete(future)

    def run_forever(self):
        with _standing_still():
            super().run_forever()

    def close(self):
        # The loop that waits is the plugin's own; `loop.close()` after `run_until_complete` is common.
        if not self.is_running():
            super().close()


async def _awaited(value):
    return await value


def run(main, **options):
    """asyncio.run, inside of a running loop too."""
    with _standing_still():
        return _run(main, **options)


def _run_by_runner(self, coro, *, context=None):
    with _standing_still():
        return _runner_run(self, coro, context=context)


def install():
    asyncio.Runner.run = _run_by_runner
    run.__doc__ = _run.__doc__
    asyncio.run = asyncio.runners.run = run
    asyncio.new_event_loop = asyncio.events.new_event_loop = PluginLoop
