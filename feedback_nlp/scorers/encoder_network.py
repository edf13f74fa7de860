"""The network: a BERT-like encoder, clause vectors by pooling token states, small heads. Needs torch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from feedback_nlp.schema import FLAGS

__all__ = ["HIDDEN", "Network", "Outputs", "pool"]

# Width of the layer between pooled states and logits.
HIDDEN = 256
# Most clauses mention few of the facets: where training starts.
MENTION_BIAS = -3.0
DROPOUT = 0.1


class Outputs(NamedTuple):
    """Logits.

    ``clauses`` (n_clauses, n_facets · 3), independent; ``overall`` (n_reviews, 3); ``flags`` (n_reviews, 5).
    """

    clauses: torch.Tensor
    overall: torch.Tensor
    flags: torch.Tensor


class Network(nn.Module):
    """An encoder with heads for facets × polarity, overall and flags.

    Parameters
    ----------
    encoder : nn.Module
        Takes ``input_ids`` and ``attention_mask``; gives ``last_hidden_state`` of width ``width``.
    width : int
    n_facets : int
    """

    def __init__(self, encoder: nn.Module, width: int, n_facets: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.clause_hidden = nn.Linear(2 * width, HIDDEN)
        self.clause_out = nn.Linear(HIDDEN, 3 * n_facets)
        self.clause_flags = nn.Linear(HIDDEN, len(FLAGS))
        self.overall_out = nn.Linear(width + HIDDEN, 3)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.constant_(self.clause_out.bias, MENTION_BIAS)
        nn.init.constant_(self.clause_flags.bias, MENTION_BIAS)

    def head_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that are new, to be learnt at a higher rate."""
        known = {id(parameter) for parameter in self.encoder.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in known]

    def states(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return token states (n, width, hidden)."""
        found: torch.Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return found

    def heads(self, clause: torch.Tensor, review: torch.Tensor, clause_review: torch.Tensor) -> Outputs:
        """Return logits from pooled vectors.

        Parameters
        ----------
        clause : (n_clauses, hidden)
            Mean state of each clause.
        review : (n_reviews, hidden)
            Mean state of each review.
        clause_review : int (n_clauses,)
            Position of each clause's review.
        """
        joined = torch.cat([clause, review[clause_review]], dim=1)
        hidden = self.dropout(nn.functional.gelu(self.clause_hidden(self.dropout(joined))))
        strongest = _greatest(hidden, clause_review, len(review))
        return Outputs(
            self.clause_out(hidden),
            self.overall_out(self.dropout(torch.cat([review, strongest], dim=1))),
            _greatest(self.clause_flags(hidden), clause_review, len(review)),
        )


def pool(states: torch.Tensor, rows: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """Return the mean of token states over half-open spans.

    Parameters
    ----------
    states : (n, width, hidden)
    rows : int (k,)
        Row of ``states`` each span lies in.
    spans : int (k, 2)
    """
    place = torch.arange(states.shape[1], device=states.device)
    inside = (place[None] >= spans[:, :1]) & (place[None] < spans[:, 1:])
    weights = inside.to(states.dtype) / inside.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.bmm(weights[:, None], states[rows])[:, 0]


def _greatest(values: torch.Tensor, group: torch.Tensor, count: int) -> torch.Tensor:
    """Return the greatest value of each column within each group; groups are never empty."""
    index = group[:, None].expand_as(values)
    start = torch.full((count, values.shape[1]), -1e4, dtype=values.dtype, device=values.device)
    return start.scatter_reduce(0, index, values, reduce="amax")
