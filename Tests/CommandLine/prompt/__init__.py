"""Checks of the prompt by subject."""
