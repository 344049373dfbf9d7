"""Pages and figures for browsers."""
