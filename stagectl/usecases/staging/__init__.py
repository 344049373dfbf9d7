"""Every verb that changes what is staged."""
