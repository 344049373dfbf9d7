"""Plans as data: what was asked for, what a plan holds, its document, and how two of them differ."""
