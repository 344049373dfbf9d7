"""What a team shares through a remote: the applied branch and the lock."""
