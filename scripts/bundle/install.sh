#!/bin/sh
# 离线安装：在本文件夹里建一个 venv，只用 wheels 里的包。
# Offline installation: a venv in this folder, from the packages in wheels alone.
set -eu
cd "$(dirname "$0")"

python=""
for name in python@PYTHON@ python3 python; do
  if command -v "$name" >/dev/null 2>&1 && [ "$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "@PYTHON@" ]; then
    python="$name"
    break
  fi
done
if [ -z "$python" ]; then
  echo "没有找到 Python @PYTHON@。提示：请先装 Python @PYTHON@（@PLATFORM@）再运行。" >&2
  echo "Python @PYTHON@ was not found. Hint: install Python @PYTHON@ (@PLATFORM@) first." >&2
  exit 1
fi

if command -v sha256sum >/dev/null 2>&1 && ! sha256sum --check --quiet SHA256SUMS; then
  echo "有文件损坏或被改过。提示：请重新复制安装包。" >&2
  echo "Files are damaged or changed. Hint: copy the bundle again." >&2
  exit 1
fi

echo "正在安装，约需几分钟…… Installing, this takes some minutes..."
if ! "$python" -m venv --clear venv; then
  echo "建不了 venv。提示：Debian/Ubuntu 上请装 python@PYTHON@-venv。" >&2
  echo "Can't make a venv. Hint: on Debian/Ubuntu install python@PYTHON@-venv." >&2
  exit 1
fi
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels "@REQUIREMENT@"
echo "装好了。运行 ./start.sh 打开网页。 Done. Run ./start.sh to open the page."
