"""The same sale and the same list as others would write them, as fast as we could make them."""
