"""Scorers map clauses to `(n, facets, 3)` probabilities; see ``base``."""
