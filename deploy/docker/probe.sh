#!/bin/sh
# The health check of a container: ask the process for a path that needs no key. Usage: sayso-probe PATH PORT
# HOST and PORT are those of the process; PORT in the environment comes before the one that is given.
case ${HOST:-} in
  '' | 0.0.0.0 | ::) host=127.0.0.1 ;;
  *:*) host="[$HOST]" ;;
  *) host=$HOST ;;
esac
exec curl -fsS --noproxy '*' --max-time 8 -o /dev/null "http://$host:${PORT:-$2}$1"
