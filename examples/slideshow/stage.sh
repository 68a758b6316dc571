# SPDX-License-Identifier: Apache-2.0
# What shrink.sh and render.sh share; sourced by them as their first step.
#
# A stage is killed at any moment, and so is each program that it calls. Two habits follow:
#  - `set -e`, and no pipes: the status of a killed program on a pipe's left side would be lost, and
#    half of its output taken for the whole.
#  - Whatever is written is written below $SELVAGE_OUT, which counts only after exit 0.

set -eu
began_ms=$(date +%s%3N)

# poison STATUS REASON: after a check that exited with STATUS, says no to the message for good (65).
# A check that was itself killed by a signal has found nothing: then the attempt has merely failed.
poison() {
  [ "$1" -lt 128 ] || exit "$1"
  echo "$2" >&2
  exit 65
}

# Adds this attempt to the history that travels with the album (tab-separated: stage, worker,
# attempt, message id, seconds), so that the page can show how each clip came to be.
write_history() {
  if [ -n "${SELVAGE_IN:-}" ] && [ -e "$SELVAGE_IN/history.tsv" ]; then
    cp "$SELVAGE_IN/history.tsv" "$SELVAGE_OUT/history.tsv"
  fi
  now_ms=$(date +%s%3N)
  took_ms=$((now_ms - began_ms))
  printf '%s\t%s\t%s\t%s\t%d.%03d\n' \
    "$SELVAGE_STAGE" "$SELVAGE_WORKER" "$SELVAGE_ATTEMPT" "$SELVAGE_MESSAGE_ID" \
    $((took_ms / 1000)) $((took_ms % 1000)) >> "$SELVAGE_OUT/history.tsv"
}
