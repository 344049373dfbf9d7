"""A repository as the use cases see it."""
