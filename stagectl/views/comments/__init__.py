"""Comments on pull requests: plans as Markdown, and as annotations of a hosting site."""
