"""The network without a skip connection: the right mean, no width at all."""

from __future__ import annotations

import simulate
from asymptotics import limited_samples as theory
from asymptotics.proof import decide
from asymptotics.schedule import linear
from asymptotics.symbols import draws, radius, ridge, sigma
from derivations.reporting import Story, Teller, alone

LAW = {"n": 8, "sigma": 1.5, "ridge": 0.1}


def tell(teller: Teller) -> None:
    teller.say(
        "Without the skip connection, $c=0$, the overlaps do not depend on time, the noise is forgotten "
        "($Q_\\xi=0$) and the flow ends in two points. Its centre is better than with the skip: at the right "
        "ridge it is the Bayes estimator."
    )
    teller.prove(theory.no_skip_error, **LAW)
    tuned = theory.no_skip_error.expression.subs(ridge, draws * sigma**2 / radius**2)
    teller.check(
        "at $\\lambda=K\\sigma^2/r^2$ it equals the Bayes error",
        decide(tuned - theory.bayes_error.expression, "= 0", theory.no_skip_error.domain.region).sign == "= 0",
        "identity in all arguments",
    )
    data = teller.result("without skip")
    teller.compare(data, theory.no_skip_error)
    rows = [
        (n, float(data["mean_error"].sel(n=n)), float(theory.no_skip_error(n=n, sigma=1.5, ridge=0.1)),
         float(theory.mean_error(n=n, sigma=1.5, ridge=0.1)), float(theory.bayes_error(n=n, sigma=1.5)))
        for n in (4, 16, 64)
    ]
    teller.table(
        ("n", "simulated, no skip", "formula, no skip", "formula, skip", "Bayes"), rows,
        "Error of the generated mean, $\\sigma=1.5$, $\\lambda=0.1$",
    )


STORY = Story(
    "without_skip", "Without the skip connection", (theory.no_skip_error,), tell,
    experiments={"without skip": lambda effort, executor: simulate.curves.generation(
        simulate.Mixture(d=effort.d, sigma=1.5), n=(4, 16, 64), ridge=0.1, schedule=linear,
        skip=False, seeds=effort.seeds, seed=6, steps=effort.steps, executor=executor,
        progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
