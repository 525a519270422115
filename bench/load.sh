#!/usr/bin/env bash
# An hour of lines in ten minutes, from 64 connections, while 32 ask and 500 follow: prints figures, and fails if a line
# is lost or comes twice anywhere, or if memory passes its bound. Builds nothing: make release comes first.
set -euo pipefail
cd "$(dirname "$0")/../tests/e2e"
export LOGI_BINARY=${LOGI_BINARY:-$(realpath ../../build/release/logi)}
LOGI_LOAD=long exec python3 -m unittest -v test_load.Load.test_an_hour
