"""Long work: independent tasks on any executor, stores of what is finished, checkpoints, sweeps over a grid.

Nothing here knows what the tasks compute.
"""

from simulate.runs.checkpoint import Checkpoint as Checkpoint, CheckpointWriter as CheckpointWriter
from simulate.runs.checkpoint import Given as Given, Measurements as Measurements
from simulate.runs.checkpoint import open_checkpoint as open_checkpoint
from simulate.runs.durable import Arrays as Arrays, Damaged as Damaged, at_path as at_path, below as below
from simulate.runs.durable import read_arrays as read_arrays, under as under
from simulate.runs.execution import Failure as Failure, PointsFailed as PointsFailed
from simulate.runs.execution import WorkerEnded as WorkerEnded, cluster as cluster, cores as cores
from simulate.runs.execution import execute as execute, workers as workers
from simulate.runs.fingerprint import NOT_IDENTIFYING as NOT_IDENTIFYING, canonical as canonical
from simulate.runs.fingerprint import digest as digest, require_storable as require_storable
from simulate.runs.grid import average as average, sweep as sweep
from simulate.runs.options import Run as Run, RunOptions as RunOptions
from simulate.runs.pool import require_sendable as require_sendable
from simulate.runs.provenance import describe as describe
from simulate.runs.store import Store as Store, load as load, save as save
from simulate.runs.task import Measured as Measured, Task as Task, one_thread as one_thread
from simulate.runs.task_context import TaskContext as TaskContext
