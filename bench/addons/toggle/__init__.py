"""An addon of the benchmarks with real tables: a stamp for each sale, and a count on clientes."""
