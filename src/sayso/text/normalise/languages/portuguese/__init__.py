"""Portuguese, of Brazil and Portugal."""
