"""What an encoder has to beat: decoders of the session's own activity."""
