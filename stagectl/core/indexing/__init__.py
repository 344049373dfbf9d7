"""The index of an applied state: what is known of each resource without reading the others."""
