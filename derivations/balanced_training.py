"""Trained energy-based models: what a flow that proposes does for the weights of their modes (the third paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib import rc_context

from asymptotics.plotting import STYLE
from derivations.reporting import Story, Teller, alone, figures
from simulate import balance
from simulate.balance import expected_scatter, scatter_scores, worst_on_the_way
from simulate.energy import two_modes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = 0.8
NAMES = {"flow": "flow-assisted", "pcd": "PCD (MALA)"}
# Of the largest difference between weights, and of the divergence, with --full; a short training stays below the first.
SHORT, WEIGHT, DIVERGENCE, CONTROL = 0.1, 0.01, 0.01, 0.2


def tell(teller: Teller) -> None:
    teller.say(
        "Energy-based models of two modes of the weights .8 and .2, in two dimensions and more than eleven widths "
        "apart, trained by maximum likelihood from one Gaussian (arXiv:2306.00684). Both have the same data, energy, "
        "first weights, chains and local steps (MALA, as many gradients); in one of them a flow that is fitted at the "
        "same time proposes jumps, which are accepted by Metropolis and Hastings. Weights are those of the model, by "
        "quadrature, and not the fractions of its chains."
    )
    study = teller.result("balanced training")
    _checked(teller, study)
    teller.table(*balance.table(study), (
        f"Weights of modes 0 and 1, ranges over {study.sizes['seed']} seeds; off by: the largest difference from the "
        "data's weights at the end, and at any record of the second half of training; KL of the target from the model "
        "in nats; of the run with everything frozen acceptance of jumps, largest R-hat of the modes, and the rate "
        "at which a move draws a chain's mode anew"
    ))
    teller.draw("balanced_training", training_figure(study), (
        "Left: the model's weight of the first mode in training, a line for each seed; dashed: the data's. Middle: "
        "that of flow-assisted training less the data's, and two standard deviations of the linear theory of two "
        "modes (a shade for each seed), with the learning rate of the log odds that Adam gives this network, the "
        "jump rate of the frozen run, and the noise of chains and batches; it begins where rates have fallen so "
        "far that the theory holds ($\\eta w(1-w)<1$). Right: divergence of the target from the model."
    ))


def _checked(teller: Teller, study: xr.Dataset) -> None:
    worst, many = worst_on_the_way(study), study.sizes["seed"]
    off, long = float(study["error"].sel(training="flow").max(skipna=False)), many > 2
    teller.check(
        "with a flow that proposes the weights come out right", off < (WEIGHT if long else SHORT),
        f"off by {off:.4f} at the end, worst of {many} seeds (allowed {WEIGHT if long else SHORT})",
    )
    astray = float(worst.sel(training="pcd").max(skipna=False))
    teller.check(
        "with local chains alone they do not", astray > (CONTROL if long else SHORT),
        f"off by up to {astray:.2f} in the second half of training; its local steps are accepted in "
        f"{float(study['stepped'].sel(training='pcd').isel(iteration=-1).min()):.2f}",
    )
    if not long:
        return
    gap = float(study["divergence"].sel(training="flow").max(skipna=False))
    teller.check("the model is near the target", gap < DIVERGENCE, f"KL {gap:.4f} nats, worst seed")
    score = scatter_scores(study)
    rms, count = float((score**2).mean()) ** 0.5, int(score.notnull().sum())
    teller.check(
        "its weight scatters in training as the linear theory of two modes says", 0.6 < rms < 1.6,
        f"root mean square of (w - w_data)/std: {rms:.2f} of {count} records (allowed .6 to 1.6: neighbouring "
        "records are not independent, and Adam's scale is that of the end)",
    )


@rc_context(fname=STYLE)
def training_figure(study: xr.Dataset) -> Figure:
    """Weight of the first mode, its scatter, and divergence against iteration; of a study of two modes with a known
    density."""
    figure, (left, middle, right) = figures.panels(3, width=3.6, height=3.0)
    for k, training in enumerate(study["training"].values):
        for axis, name in ((left, "path"), (right, "path_divergence")):
            lines = study[name].sel(training=training)
            lines = lines.sel(mode=0) if name == "path" else lines
            lines = lines.transpose("iteration", "seed")
            drawn = axis.plot(study["iteration"], lines, color=figures.COLOURS[k], linewidth=1.1)
            drawn[0].set_label(NAMES.get(str(training), str(training)))
    left.axhline(float(study["data_weight"].sel(mode=0).mean()), color="black", linewidth=0.9, linestyle="--")
    _scatter(middle, study)
    left.set(xlabel="iteration", ylabel="weight of mode 0", ylim=(-0.02, 1.02),
             title="the model's weight (dashed: the data's)")
    middle.set(xlabel="iteration", ylabel="weight less the data's", title="flow-assisted, and the theory's scatter")
    right.set(xlabel="iteration", yscale="log", ylabel="nats", title="KL of the target from the model")
    right.legend(loc="lower left")
    return figure


def _scatter(axis: Axes, study: xr.Dataset) -> None:
    own = study.sel(training="flow")
    off = (own["path"] - own["data_weight"]).sel(mode=0)
    spread = 2 * expected_scatter(study).where(scatter_scores(study).notnull())
    for k in range(study.sizes["seed"]):
        width = spread.isel(seed=k)
        axis.fill_between(study["iteration"], -width, width, color="black", alpha=0.35 / study.sizes["seed"], lw=0,
                          label="two standard deviations" if k == 0 else None)
        axis.plot(study["iteration"], off.isel(seed=k), color=figures.COLOURS[0], linewidth=0.9)
    axis.axhline(0, color="black", linewidth=0.9, linestyle="--")
    # The second half of training, as far as it scatters.
    late = off.sel(iteration=slice(study["iteration"].values[-1] / 2, None))
    reach = 1.3 * max(float(abs(late).max()), float(spread.max()))
    axis.set_ylim(-reach, reach)
    axis.legend(loc="upper left")


STORY = Story(
    "balanced_training", "Trained energy-based models: modes in balance", (), tell,
    experiments={"balanced training": lambda effort, executor: balance.run_study(
        two_modes(2, p=P), plan=effort.balance, seeds=effort.balance_seeds, seed=0,
        executor=executor, progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
