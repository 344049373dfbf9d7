"""The outside world, each part behind one door."""
