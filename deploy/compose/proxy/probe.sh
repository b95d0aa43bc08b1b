#!/bin/sh
# The health check of the proxy: nginx answers. It speaks HTTP by itself, since images of nginx may have no curl.
set -eu
if command -v curl >/dev/null; then
  exec curl -fsS -o /dev/null --max-time 5 http://127.0.0.1:8000/proxy/health
fi
exec wget -q -O /dev/null -T 5 http://127.0.0.1:8000/proxy/health
