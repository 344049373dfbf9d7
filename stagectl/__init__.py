"""stagectl: stage, review and roll out changes to resources, with git as the only store."""

__version__ = "0.1.0"
