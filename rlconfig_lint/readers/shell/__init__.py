"""Shell scripts, followed as a run of them would go."""
