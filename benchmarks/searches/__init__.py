"""What the benchmark of the strategies searches, with what, and where it keeps what it found."""
