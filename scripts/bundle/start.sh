#!/bin/sh
# 打开本机网页。 Opens the local page.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
if [ ! -x "$here/venv/bin/python" ]; then
  echo "还没有安装。提示：先运行 ./install.sh。 Not installed yet. Hint: run ./install.sh first." >&2
  exit 1
fi
exec "$here/venv/bin/python" -m feedback_nlp app "$@"
