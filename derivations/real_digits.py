"""Real digits: when is the class decided, and what does training there bring? The second paper's procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context

from asymptotics import phases as theory
from asymptotics.plotting import STYLE
from derivations.reporting import Story, Teller, alone, figures
from simulate import features
from simulate.features import compare_trainings, expected_gain, fitted_clocks, homogeneity
from simulate.images import digits

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = (0, 1)


def tell(teller: Teller) -> None:
    teller.say(
        "The authors' procedure (arXiv:2412.07972) on scikit-learn's digits of 8 x 8 pixels, zeros and ones at 80/20: "
        "train a network at all times alike; noise real images to a time, come back with the network, and ask a "
        "classifier for their class; take the interval from where the curves of the two classes part to where they "
        "saturate; train anew with half of the times in it. This project's: the rule that reads off the interval, with "
        "its standard error (10 % and 90 % of the increasing fit of the curves' difference), shares net of what the "
        "classifier confuses, the control (a wrong interval of equal length), and intervals paired over seeds."
    )
    study = teller.result("real digits")
    seeds = study.sizes["seed"]
    _checked(teller, study)
    fits = fitted_clocks(study)
    teller.table(
        ("seed", "K", "95 % interval", "p", "95 % interval", "chi-square/degree"), [
            (str(seed), one["rate"], f"{one['rate_low']:.2f} .. {one['rate_high']:.2f}", one["p"],
             f"{one['p_low']:.3f} .. {one['p_high']:.3f}", one["misfit"])
            for seed in range(seeds) for one in [{name: float(each[seed]) for name, each in fits.items()}]
        ], "The mixture's U-turn curves, $s=K\\beta/\\alpha$, fitted to those of the digits",
    )
    if not bool(study["determined"].any()):
        teller.say("No seed determined the interval, so that nothing can be said of training there.")
        return
    teller.table(*features.table(study), _caption(study))
    if seeds > 1:
        _explained(teller, study)
    teller.draw("real_digits", study_figure(study), (
        "Left: shares of held out zeros and ones that come back as zeros (dots, two standard errors), the mixture's "
        "curves with one clock (lines), their mean weighted with the model's shares (crosses; a martingale: level at "
        "the model's own share, dashed), and the interval in which the class is decided (shaded). Right: error of the "
        "generated share of zeros against updates, by the times of training; bars are standard errors over seeds."
    ))


def _explained(teller: Teller, study: xr.Dataset) -> None:
    """Why not more: how many more updates the interval gets, and how slowly the error falls with updates."""
    exponent, expected = expected_gain(study)
    found = compare_trainings(study)["share_error_gain"]
    teller.table(
        ("training", "share of times where decided", "expected gain", "measured, smallest", "largest"), [
            (str(each), float(study["inside"].sel(training=each).mean()), float(expected.sel(training=each)),
             float(found.sel(training=each).min()), float(found.sel(training=each).max()))
            for each in study["training"].values[1:]
        ], f"With uniform times the class error falls as updates^-{exponent:.2f}; what the other trainings should gain "
        "if updates where the class is decided are all that counts (uniform times: "
        f"{float(study['inside'].isel(training=0).mean()):.2f} of them)",
    )


def _caption(study: xr.Dataset) -> str:
    count = int(study["determined"].sum())
    return (
        f"{count} seed{'s' if count != 1 else ''}. Class error: half the sum over classes of |share generated - share "
        "among the images|. Uniform/this: how many times smaller it is than with uniform times. Distance: the energy "
        "distance of generated points of a class from held out images of it, and its change against uniform times"
    )


def _checked(teller: Teller, study: xr.Dataset) -> None:
    count, found = study.sizes["seed"], int(study["determined"].sum())
    ends = "; ".join(
        f"parts {float(one['part']):.3f} +- {float(one['part_stderr']):.3f}, saturates {float(one['saturate']):.3f} "
        f"+- {float(one['saturate_stderr']):.3f}" for one in (study.isel(seed=k) for k in range(min(count, 3)))
    )
    # Seven of eight, as a study is asked for. A single small one may say that it cannot tell.
    teller.check(
        "the interval is determined, or said not to be" if count == 1 else "the interval is determined",
        count == 1 or found >= count - count // 8, f"on {found} of {count} seeds: {ends}",
    )
    if count > 1:
        chances = [homogeneity(study[end], study[f"{end}_stderr"])[2] for end in ("part", "saturate")]
        teller.check(
            "its ends agree between seeds within their standard errors", min(chances) > 1e-3,
            f"chance of more scatter {chances[0]:.2g} and {chances[1]:.2g} (refused below .001)",
        )
    gap = float(abs(study["martingale"].mean("seed")).max())
    teller.check(
        "the model is nearly a martingale: curves weighted with its own shares stay at its share", gap < 0.1,
        f"largest gap {gap:.3f} over times, mean over seeds (allowed .1: starts are real images, not the model's)",
    )
    accuracy = float(study["accuracy"].mean())
    teller.check("the classifier is right on held out images", accuracy > 0.95, f"accuracy {accuracy:.4f}")


@rc_context(fname=STYLE)
def study_figure(study: xr.Dataset) -> Figure:
    """U-turn curves with the interval, and what training there brings; of a study of two classes, one seed of it or
    more with a determined interval (else ValueError)."""
    if study.sizes["label"] != 2:
        raise ValueError(f"the figure is of two classes; the study has {study.sizes['label']}")
    figure, (left, right) = figures.panels(2, width=4.2, height=3.2)
    _curves(left, study)
    _errors(right, study)
    return figure


def _curves(axis: Axes, study: xr.Dataset) -> None:
    first, second = (int(each) for each in study["label"].values)
    times, many = study["t"].values, study.sizes["seed"]
    decided = sorted(float(study[end].mean()) for end in ("part", "saturate"))
    axis.axvspan(*decided, color="#d9c46a", alpha=0.35, lw=0, label="decided")
    fits = fitted_clocks(study)
    smooth = np.linspace(times.min(), times.max(), 200)
    ratio = np.interp(smooth, times[np.argsort(times)], (study["beta"] / study["alpha"]).values[np.argsort(times)])
    for k, (label, formula) in enumerate(((first, theory.uturn_sde_plus), (second, theory.uturn_sde_minus))):
        here = study.sel(start=str(label), label=first)
        error = (here["fraction_stderr"] ** 2).mean("seed") ** 0.5 / many**0.5
        axis.errorbar(times, here["fraction"].mean("seed"), yerr=2 * error, fmt="o", color=figures.COLOURS[k],
                      label=f"from {label}")
        curve = formula(p=float(fits["p"].mean()), s=float(fits["rate"].mean()) * ratio)
        figures.line(axis, smooth, curve, index=k)
    model = float(study["share"].isel(training=0, budget=-1).sel(label=first).mean())
    mean = model + study["martingale"].sel(label=first).mean("seed")
    axis.plot(times, mean, "x", markersize=4, color="black", label="weighted mean")
    axis.axhline(model, color="black", linewidth=0.9, linestyle="--", label="model")
    low, high = (float(study[end].isel(seed=0, training=0)) for end in ("begin", "end"))
    data = low if study["alpha"][int(times.argmin())] < study["alpha"][int(times.argmax())] else high
    axis.set(xlabel=f"time of the turn ({data:g}: data)", ylabel=f"share of {first}s after it", ylim=(-0.03, 1.08),
             title="U-turns")
    axis.legend(loc="lower right" if data == low else "lower left")


def _errors(axis: Axes, study: xr.Dataset) -> None:
    found = compare_trainings(study)
    for k, training in enumerate(found["training"].values):
        one = found.sel(training=training)
        error: Any = one.get("share_error_stderr")
        shift = 1.03 ** (k - 1)  # Side by side.
        axis.errorbar(one["budget"] * shift, one["share_error"], yerr=error, fmt="o-",
                      color=figures.COLOURS[k], label=str(training))
    axis.set_xscale("log")
    budgets = found["budget"].values.tolist()
    axis.set_xticks(budgets, [str(each) for each in budgets])
    axis.minorticks_off()
    axis.set(xlabel="updates", ylabel="class error", ylim=(0, None), title="what the times of training bring")
    axis.legend(loc="best")


STORY = Story(
    "real_digits", "Real digits: when the class is decided", (), tell,
    experiments={"real digits": lambda effort, executor: features.run_study(
        digits().only(*CLASSES), plan=effort.study, seeds=effort.study_seeds, seed=0,
        executor=executor, progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
