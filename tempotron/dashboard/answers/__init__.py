"""Answers: numbers, sentences and pictures for the pages."""
