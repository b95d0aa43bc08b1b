"""The fields of requests, and the catalogue of models."""
