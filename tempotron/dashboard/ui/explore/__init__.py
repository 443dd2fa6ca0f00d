"""Explore: one neuron under a hand."""
