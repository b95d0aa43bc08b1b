"""Authentication and authorisation: API keys and their scopes; `sayso.api.dependencies` checks them."""
