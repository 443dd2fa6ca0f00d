"""Capacity: a sweep, as its rows come in."""
