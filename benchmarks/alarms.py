"""How often the alarms ring for nothing, and how soon for something: ``benchmarks/alarms.py [--quick]``.

Streams of shares x_t ~ Binomial(n_t, θ_t), θ_t ~ Beta with mean p and intraclass correlation ρ, n_t ~
Poisson. Run lengths count from the first period that can be judged (20 of history), by ``watch`` as shipped;
beside it a plain p chart that is told the true p, and one that has to estimate it like ``watch``. A run
length is the periods judged over the streams that alarmed, which is right for streams that end without an
alarm too. Then the same with the share +50 % from period 41 on: how many periods until the alarm.
"""

from __future__ import annotations

import argparse

import numpy as np

from feedback_nlp.insight.monitoring.watching import MIN_HISTORY, RULES, Design, watch

# p, mean n, ρ: rare to common, chance only to strongly overdispersed.
CELLS = (
    (0.005, 60, 0.0),
    (0.005, 60, 0.02),
    (0.01, 60, 0.0),
    (0.01, 60, 0.02),
    (0.02, 100, 0.01),
    (0.05, 100, 0.0),
    (0.05, 100, 0.02),
    (0.05, 300, 0.01),
    (0.1, 200, 0.01),
    (0.2, 150, 0.03),
    (0.3, 400, 0.02),
    (0.03, 1000, 0.01),
)
SHIFT = 1.5
CHANGE = 40
SEED = 20261123


def streams(
    rng: np.random.Generator,
    p: float,
    n: int,
    rho: float,
    shape: tuple[int, int],
    *,
    change: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts of ``shape`` (streams, periods) and the base of each."""
    share = np.full(shape[1], p)
    if change is not None:
        share[change:] *= SHIFT
    base = np.maximum(rng.poisson(n, size=shape), 1)
    m = 1 / rho - 1 if rho else None
    truth = rng.beta(share * m, (1 - share) * m, size=shape) if m else np.broadcast_to(share, shape)
    return rng.binomial(base, truth), base


def first_alarms(x: np.ndarray, n: np.ndarray, design: Design) -> tuple[np.ndarray, dict[str, float]]:
    """Return the period of each stream's first alarm (its length where none), and the share of each rule."""
    found = watch(x, n, design=design, once=True)
    first = np.full(len(x), x.shape[1])
    rules: dict[str, set[int]] = {rule: set() for rule in RULES}
    for signal in found.signals:
        first[signal.series] = min(first[signal.series], signal.period)
        rules[signal.rule].add(signal.series)
    return first, {
        rule: len(which) / max(len(set().union(*rules.values())), 1) for rule, which in rules.items()
    }


def plain(x: np.ndarray, n: np.ndarray, p: float | None) -> np.ndarray:
    """Return the first period outside the p chart's limits; ``p`` None takes it from the periods before."""
    past_x, past_n = np.cumsum(x, axis=1) - x, np.cumsum(n, axis=1) - n
    centre = np.full(x.shape, p) if p is not None else past_x / np.maximum(past_n, 1)
    out = np.abs(x / n - centre) > 3 * np.sqrt(centre * (1 - centre) / n)
    out[:, :MIN_HISTORY] = False
    return np.where(out.any(axis=1), out.argmax(axis=1), x.shape[1])


def run_length(first: np.ndarray, periods: int) -> float:
    """Return periods watched per stream that alarmed."""
    watched = np.minimum(first + 1, periods) - MIN_HISTORY
    return float(watched.sum() / max(int((first < periods).sum()), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sixth of the streams")
    many = 100 if parser.parse_args().quick else 600
    design, rng, periods = Design(), np.random.default_rng(SEED), 420
    print(f"{design}; {many} streams of {periods} periods; shift +50 % at period {CHANGE + 1}")
    print("| p | n | ρ | run length | p chart, true p | p chart | by rule | found | median delay | in 10 |")
    print("|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|")
    lengths = []
    for p, n, rho in CELLS:
        x, base = streams(rng, p, n, rho, (many, periods))
        first, rules = first_alarms(x, base, design)
        lengths.append(run_length(first, periods))
        plainly = [run_length(plain(x, base, known), periods) for known in (p, None)]
        x, base = streams(rng, p, n, rho, (many, CHANGE + 80), change=CHANGE)
        hit, _ = first_alarms(x, base, design)
        clean = hit[hit >= CHANGE]
        delay = clean - CHANGE + 1
        told = " ".join(f"{rule} {share:.0%}" for rule, share in rules.items())
        print(
            f"| {p} | {n} | {rho} | {lengths[-1]:.0f} | {plainly[0]:.0f} | {plainly[1]:.0f} | {told} | "
            f"{(clean < CHANGE + 80).mean():.0%} | {np.median(delay):.0f} | {(delay <= 10).mean():.0%} |",
            flush=True,
        )
    print(f"\nsmallest run length {min(lengths):.0f}")


if __name__ == "__main__":
    main()
