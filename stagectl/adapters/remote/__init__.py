"""What is done with a remote: refs, the lock, commits replayed onto newer ones."""
