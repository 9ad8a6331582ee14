"""Kind scan: every feasible composition of a grid."""
