"""Runs as values: what may start next, how far a run came, and what it leaves behind."""
