"""Processes that tests start."""

import signal


def allow_interrupts() -> None:
    """Let SIGINT end this process: the ``preexec_fn`` of one that a test interrupts.

    Where a script starts the tests in its background they ignore SIGINT, and so would all processes that they start.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
