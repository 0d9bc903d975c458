"""An addon of the benchmarks: the list of sales once more, open to anybody."""
