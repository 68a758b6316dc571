#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stage render: one silent H.264 clip from the photographs of an album.
#   artifact in   album.json, photo-NN.jpg (all of one size), history.tsv
#   artifact out  album.json, clip.mp4, poster.jpg, history.tsv
#   stdout        {"album": ..., "title": ..., "photos": 3, "bytes": 123456}
. "${0%/*}/stage.sh"

[ -e "${SELVAGE_IN:-}/photo-00.jpg" ] || poison 1 "the message has no photographs with it"

# Each photograph is read once, stands for 50 frames (2 s), and shares its last half second with the
# next one:
#   [0]format=yuv420p,loop=49:1[p0]; [1]...[p1]; [p0][p1]xfade=...:offset=1500ms[x1];
#   [2]...[p2]; [x1][p2]xfade=...:offset=3000ms[x2]; ...
# While the loop runs, the photographs leave the argument list at the front as ffmpeg's inputs join
# it at the back.
set -- "$SELVAGE_IN"/photo-*.jpg
photos=$#
filter=
clip=
number=0
while [ "$number" -lt "$photos" ]; do
  photo=$1
  shift
  set -- "$@" -i "$photo"
  filter="${filter}[$number]format=yuv420p,loop=49:1[p$number];"
  if [ "$number" -eq 0 ]; then
    clip='[p0]'
  else
    fade="xfade=duration=500ms:offset=$((number * 1500))ms"
    filter="${filter}${clip}[p$number]${fade}[x$number];"
    clip="[x$number]"
  fi
  number=$((number + 1))
done

ffmpeg -nostdin -hide_banner -loglevel error -filter_complex_threads 1 "$@" \
  -filter_complex "${filter%;}" -map "$clip" \
  -c:v libx264 -preset veryfast -crf 25 -threads 1 -movflags +faststart "$SELVAGE_OUT/clip.mp4"

cp "$SELVAGE_IN/photo-00.jpg" "$SELVAGE_OUT/poster.jpg"
cp "$SELVAGE_IN/album.json" "$SELVAGE_OUT/album.json"
write_history
bytes=$(stat -c %s "$SELVAGE_OUT/clip.mp4")
jq -c --argjson bytes "$bytes" '{album, title, photos: (.photos | length), bytes: $bytes}' \
  "$SELVAGE_OUT/album.json"
