"""Door: the parts of the coach as processes."""
