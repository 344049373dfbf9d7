"""Plans for readers: text, JSON, comments, pictures of the graph."""
