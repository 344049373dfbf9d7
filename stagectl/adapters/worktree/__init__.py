"""The files of the working tree or of a commit: which there are, what they say, which changed."""
