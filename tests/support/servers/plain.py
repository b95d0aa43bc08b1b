"""Requests to the servers of tests, which speak HTTP without TLS."""

from __future__ import annotations

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For ``verify`` of a request that is made often.

Without it each request loads the certificates of all authorities, which takes ten times as long as the request.
"""
