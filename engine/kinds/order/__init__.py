"""Kind order: its options, plan and answer."""
