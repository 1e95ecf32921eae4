"""One module a kind of file: each says what a file holds, and reads what is asked for."""
