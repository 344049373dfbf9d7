"""Setting a repository up."""
