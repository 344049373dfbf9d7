"""Carrying out plans: the run, its record, and what becomes of one that was interrupted."""
