"""How a plan is made, and found again after its review."""
