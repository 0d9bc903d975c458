"""Our addons, one folder each, one shape."""
