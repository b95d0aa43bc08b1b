"""HTTP mechanics: connections, middleware, bodies, responses, errors."""
