"""What shows whether a score says anything about the neurons: silenced, wrong labels, permuted laps."""
