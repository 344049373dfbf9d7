"""Carrying out plans: the run, its record, and what becomes of one that was interrupted.

Begin with apply.py: docs/architecture.md has the steps of an apply and what the modules do.
"""
