#!/bin/sh
# Remove from a directory of Python packages what never runs, strip the symbols of debuggers, and compile.
# Usage: trim-packages.sh DIRECTORY
set -eu
directory=$1

find "$directory" -type d \( -name tests -o -name test -o -name include -o -name __pycache__ \) -prune -exec rm -rf {} +
find "$directory" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' -o -name '*.cc' \
  -o -name '*.cpp' -o -name '*.proto' -o -name '*.a' -o -name direct_url.json \) -delete

# botocore describes 400 services of AWS; these are called, or log in.
find "$directory" -type d -path '*/botocore/data' | while read -r data; do
  find "$data" -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sqs ! -name dynamodb ! -name sts ! -name sso \
    ! -name sso-oidc ! -name signin -exec rm -rf {} +
done
# jieba's tables for parts of speech and key words, and the voice of Open JTalk's own synthesis.
rm -rf "$directory"/jieba/_data/posseg_data "$directory"/jieba/_data/idf.txt "$directory"/jieba/posseg.py \
  "$directory"/jieba/analyse "$directory"/pyopenjtalk/htsvoice
# What libraries bring for their own tests, for compiling Fortran, and ONNX's operators in Python.
for part in sqlalchemy/testing alembic/testing numpy/distutils numpy/f2py onnx/reference onnx/backend onnx/fuzz; do
  rm -rf "${directory:?}"/lib/python3*/site-packages/"$part" "${directory:?}/$part"
done
# onnxruntime's tools for making models, and the library for C programs, which Python does not load.
for part in transformers quantization tools datasets; do
  rm -rf "$directory/onnxruntime/$part"
done
rm -f "$directory"/onnxruntime/capi/libonnxruntime.so.*

# Libraries that were edited after they were linked (patchelf) may not survive: then an offset of a segment no longer fits its
# address, and they stay as they are.
find "$directory" -type f \( -name '*.so' -o -name '*.so.*' \) | while read -r library; do
  strip --strip-unneeded -o "$library.stripped" "$library"
  if readelf -lW "$library.stripped" | python3 -c '
import sys
loads = [line.split() for line in sys.stdin if line.split()[:1] == ["LOAD"]]
sys.exit(any((int(load[1], 16) - int(load[2], 16)) % int(load[-1], 16) for load in loads))'; then
    cat "$library.stripped" >"$library"
  fi
  rm "$library.stripped"
done
# A read-only root file system cannot keep what Python compiles, so it is compiled now; the modules never change.
python=$(command -v /opt/sayso/bin/python || command -v python3)
"$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$directory"
