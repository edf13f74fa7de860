"""The shipped int8 encoder beside the full network in float32: speed, memory and agreement.

    python benchmarks/encoder_speed.py --work FIVE --full ONE [--texts 2000]

``--work`` and ``--full`` hold the checkpoints that ``train_encoder.py`` left of the student and of a teacher
with all twelve layers. The peer in speed is what one writes first with transformers: the full network in
float32, batches of 32 texts in the order of the file, padded to the longest. How far int8 changes the scores
is measured against the student's own float32 network.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import encoder_card
import encoder_data
import numpy as np
import torch
import train_linear

from feedback_nlp.evaluation import evaluate
from feedback_nlp.scorers.base import Prediction
from feedback_nlp.scorers.encoder import EncoderScorer
from feedback_nlp.scorers.encoder_base import load_encoder
from feedback_nlp.scorers.encoder_heads import Pooled, calibrated
from feedback_nlp.scorers.encoder_network import Network, pool
from feedback_nlp.scorers.encoder_tokens import Batch, Tokens

REPOSITORY = train_linear.REPOSITORY
PEER_BATCH = 32


class TorchBackend:
    """The float32 network, batches of ``PEER_BATCH`` windows in order."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def pooled(self, tokens: Tokens) -> Pooled:
        """Return the mean state of each clause and of each window's own tokens."""
        count = len(tokens.windows)
        width = int(self.network.clause_hidden.in_features) // 2
        clauses = np.zeros((len(tokens.window), width), np.float32)
        windows = np.zeros((count, width), np.float32)
        for start in range(0, count, PEER_BATCH):
            rows = range(start, min(start + PEER_BATCH, count))
            (batch,) = tokens.batches(10**9, rows)
            self._judge(tokens, batch, clauses, windows)
        return Pooled(clauses, windows)

    def _judge(self, tokens: Tokens, batch: Batch, clauses: np.ndarray, windows: np.ndarray) -> None:
        with torch.no_grad():
            states = self.network.states(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
            inside = np.flatnonzero(np.isin(tokens.window, batch.rows))
            row = torch.from_numpy(tokens.window[inside] - batch.rows[0])
            spans = torch.from_numpy(tokens.span[inside].astype(np.int64))
            clauses[inside] = pool(states, row, spans).numpy()
            own = torch.from_numpy(tokens.windows.own[batch.rows].astype(np.int64))
            windows[batch.rows] = pool(states, torch.arange(len(batch.rows)), own).numpy()


class Peer:
    """A scorer like ``shipped`` in everything but the backend."""

    def __init__(self, shipped: EncoderScorer, network: Network) -> None:
        self.shipped, self.backend = shipped, TorchBackend(network)
        self.name = "torch float32"
        self.taxonomy_ = shipped.taxonomy_
        self.thresholds_, self.flag_thresholds_ = shipped.thresholds_, shipped.flag_thresholds_
        self.neutral_band_ = shipped.neutral_band_

    def predict(self, texts, clauses=None):  # noqa: ANN001, ANN201
        """Judge reviews; see ``base.Scorer.predict``."""
        from feedback_nlp.text.clauses import cut_column

        cut = cut_column(texts) if clauses is None else clauses
        tokens = self.shipped._tokens(texts, cut)
        logits = self.shipped.heads_.logits(self.backend.pooled(tokens), tokens, cut)
        own = calibrated(logits, cut, self.shipped.calibration_)
        return self.shipped.with_partner(own, texts, cut)


def trained(shared: Path, work: Path, n_facets: int) -> Network:
    """Return the averaged network of a checkpoint, with as many layers as that has kept."""
    layers = encoder_card.told_by(work)["recipe"]["layers"]
    encoder, width = load_encoder(shared / "base-encoder", layers=layers)
    network = Network(encoder, width, n_facets)
    network.load_state_dict(encoder_data.averaged(work))
    return network.eval()


def pace(predict: Callable[[list[str]], Prediction], texts: list[str]) -> float:
    """Return reviews a second, the median of three passes."""
    found = []
    for _ in range(3):
        begin = time.perf_counter()
        predict(texts)
        found.append(len(texts) / (time.perf_counter() - begin))
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--full", type=Path, help="a teacher's folder; the student's own network if not given"
    )
    parser.add_argument("--model", type=Path, default=REPOSITORY / "models" / "encoder")
    parser.add_argument("--texts", type=int, default=1000)
    arguments = parser.parse_args()
    data = train_linear.load(arguments.shared)
    shipped = EncoderScorer.load(arguments.model)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = len(shipped.taxonomy_.codes)
    full = Peer(shipped, trained(arguments.shared, arguments.full or arguments.work, count))
    # As transformers comes, and not with the plain attention of training.
    full.backend.network.encoder.set_attn_implementation("sdpa")
    peer = Peer(shipped, trained(arguments.shared, arguments.work, count))
    texts = [text for text in data.opinions.texts if 40 <= len(text) <= 80][: arguments.texts]
    ours, theirs = pace(shipped.predict, texts), pace(full.predict, texts)
    cores = len(os.sched_getaffinity(0))
    print(f"{len(texts)} texts of {np.mean([len(t) for t in texts]):.0f} characters, {cores} cores")
    print(f"shipped int8 {ours:.0f} reviews/s, full float32 {theirs:.0f}: {ours / theirs:.1f} times")
    print(f"peak memory before torch {memory:.0f} MB")
    one, other = shipped.predict(texts), peer.predict(texts)
    gap = np.abs(one.clauses.sum(axis=2) - other.clauses.sum(axis=2))
    print(f"scores: mean |difference| {gap.mean():.4f}, 99th percentile {np.quantile(gap, 0.99):.4f}")
    for name in ("facet_polarity", "overall"):
        values = [evaluate(scorer, data.dev, draws=50).scores[name]["value"] for scorer in (shipped, peer)]
        print(f"{name} on dev: int8 {values[0]:.4f}, float32 {values[1]:.4f}")


if __name__ == "__main__":
    main()
