"""Events of the bucket: decoded and ordered."""
