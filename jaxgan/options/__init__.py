"""Groups of fields of a Config, and what their values may be."""
