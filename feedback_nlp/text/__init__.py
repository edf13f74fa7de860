"""Columns of text: normalisation, clauses, words, terms, personal data, duplicates."""
