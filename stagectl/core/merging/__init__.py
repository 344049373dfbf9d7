"""Values put together and taken back."""
