"""The Content-Security-Policy of the page."""

from __future__ import annotations


def page_policy(*files_origins: str) -> str:
    """The page's Content-Security-Policy: nothing from elsewhere, no inline script; sound and downloads that it made.

    Args:
        files_origins: the origins of the files of narrations and cards, besides this server.
    """
    elsewhere = "".join(f" {origin}" for origin in dict.fromkeys(files_origins))
    return (
        "default-src 'self'; "
        f"connect-src 'self' blob:{elsewhere}; "
        f"media-src 'self' blob:{elsewhere}; "
        "worker-src 'self' blob:; "
        "img-src 'self' data: blob:; "
        "object-src 'none'; "
        "base-uri 'none'; "
        "form-action 'self'; "
        "frame-ancestors 'none'"
    )


PAGE_POLICY = page_policy()
