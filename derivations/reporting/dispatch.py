"""Runs the experiments that stories declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from inspect import signature
from typing import Any

from derivations.reporting.effort import Effort
from derivations.reporting.teller import Experiment, Story
from simulate.runs import one_thread

OPEN = 4
"""How many experiments are under way at once: enough for two workers, and few enough that the experiments of the next
story are not held up by those of later ones."""


@contextmanager
def run_experiments(
    stories: Sequence[Story], effort: Effort, executor: Executor | None = None
) -> Iterator[dict[str, Callable[[], Any]]]:
    """Run the experiments of ``stories`` in their order, and yield the functions that return the results.

    Parameters
    ----------
    stories
        Their labels of experiments must differ.
    effort
        How much to simulate.
    executor
        Worker processes, which start at once, while the stories are told. Without them an experiment runs when its
        result is asked for.

    Yields
    ------
    dict
        For each label a function without arguments, which waits for the result and returns it.
    """
    runs: dict[str, Callable[[], Any]] = {
        label: partial(_run, experiment, effort, executor)
        for story in stories for label, experiment in story.experiments.items()
    }
    if executor is None:
        yield runs
        return
    threads = ThreadPoolExecutor(OPEN)
    try:
        yield {label: threads.submit(run).result for label, run in runs.items()}
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    threads.shutdown()


def _run(experiment: Experiment, effort: Effort, executor: Executor | None) -> Any:
    if "executor" in signature(experiment).parameters:
        return experiment(effort, executor=executor)
    if executor is None:
        return _on_one_thread(experiment, effort)
    return executor.submit(_on_one_thread, experiment, effort).result()


def _on_one_thread(experiment: Experiment, effort: Effort) -> Any:
    with one_thread():
        return experiment(effort)
