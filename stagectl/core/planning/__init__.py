"""The engine: from a situation and a selection to a plan."""
