"""The audit trail: reading it, checking it, taking a part of it back."""
