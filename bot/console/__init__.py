"""Door: the clinician's console, in a browser."""
