"""How a plan is made, and found again after its review.

Begin with plan.py: `plan_with_situation` is the one way, docs/architecture.md has its steps and what the modules do.
"""
