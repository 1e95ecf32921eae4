"""The protocol of every decoding claim: folds of laps, methods that predict, scores with intervals."""
