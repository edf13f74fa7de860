"""Watching a file over time: control charts, alarms, exposure, emerging words, comparisons and actions."""
