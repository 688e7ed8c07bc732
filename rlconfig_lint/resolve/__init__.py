"""Settings to rollouts and facts."""
