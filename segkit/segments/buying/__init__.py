"""Buying logic."""
