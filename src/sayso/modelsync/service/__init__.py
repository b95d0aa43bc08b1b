"""Model sync as a service: one thread that has the volume, and what other threads may ask of it."""
