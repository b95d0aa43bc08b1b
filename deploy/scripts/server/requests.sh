#!/usr/bin/env bash
# HTTP as a deployment asks it: from inside of a container, or at a port of this machine.

# The status of a GET inside of a container, 000 without an answer. The images of Sayso have curl.
status_in() { # container, port, path
  local status
  status=$(engine exec "$1" curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' \
    "http://127.0.0.1:$2$3" 2>/dev/null) || true
  [[ $status =~ ^[0-9]{3}$ ]] || status=000
  echo "$status"
}

# The body of a GET inside of a container; nothing without an answer.
body_in() { # container, port, path
  engine exec "$1" curl --silent --max-time 5 "http://127.0.0.1:$2$3" 2>/dev/null || true
}

# What the proxy answers itself or passes on, asked inside of its container: the body, then the status on a line.
through_proxy() { # path
  local proxy script
  proxy=$(container_of proxy)
  # Images of nginx have curl or wget. With TLS, HTTP is redirected to a port that is published elsewhere.
  # shellcheck disable=SC2016 # expanded in the container
  script='for url in "http://127.0.0.1:8000$0" "https://127.0.0.1:8443$0"; do
    if command -v curl >/dev/null; then
      answer=$(curl -ksS -m 5 -H "Host: localhost" -w "\n%{http_code}" "$url") || continue
    elif answer=$(wget -q -O - -T 5 --no-check-certificate --header "Host: localhost" "$url"); then
      answer="$answer
200"
    else continue; fi
    case $answer in *308) continue ;; esac
    printf "%s\n" "$answer"; exit 0
  done; echo 000'
  engine exec "$proxy" sh -c "$script" "$1" 2>/dev/null || echo 000
}

proxy_status() { # path
  through_proxy "$1" | tail -n 1
}

# The status of a GET at a port of this machine, 000 without an answer; needs no program.
status_at() { # port, path
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    IFS=' ' read -r -t 5 _ status _ <&3 || exit 1
    echo "$status"
  ) 2>/dev/null || echo 000
}

# The body of a GET at a port of this machine.
body_at() { # port, path
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    while IFS= read -r -t 5 line <&3 && [[ ${line%$'\r'} ]]; do :; done
    timeout 5 cat <&3
  ) 2>/dev/null || true
}
