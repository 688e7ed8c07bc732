"""Proves rules on a real engine: the flagged setting and the fixed one, everything else equal."""
