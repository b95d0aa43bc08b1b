"""Authentication and authorisation: API keys, scopes, and the checks of a route."""
