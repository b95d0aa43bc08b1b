"""Cloud services behind engines, each with one connection that its adapters share."""
