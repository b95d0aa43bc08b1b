"""HTTP itself: connections, middleware, bodies, answers, errors."""
