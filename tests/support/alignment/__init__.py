"""Recordings that are written, and a phoneme model that reads them: alignment without a real model."""
