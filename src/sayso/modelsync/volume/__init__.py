"""Files, sets and the lease on a volume, reached by descriptors below its root."""
