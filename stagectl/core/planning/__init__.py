"""The engine: from a situation and a selection to a plan.

Begin with planner.py, `make_plan`; docs/architecture.md says what the modules do, and which one has which rule.
"""
