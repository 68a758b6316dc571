#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stage shrink: cuts the photographs of one album to the size of a clip.
#   stdin     {"album": "by-the-sea", "title": "By the sea", "photos": ["/path/a.jpg", ...]}
#   artifact  album.json, photo-00.jpg, photo-01.jpg, ..., history.tsv
#   stdout    {"album": ..., "title": ..., "photos": 3}
. "${0%/*}/stage.sh"

album=$SELVAGE_OUT/album.json
list=$SELVAGE_OUT/photos.list
wanted="not an album: need album (a-z 0-9 -), title and at least one photo"

# The name becomes a file name of the page, so it may hold nothing but harmless characters.
jq -e 'select((.album | test("^[a-z0-9][a-z0-9-]*$")) and (.title | type == "string")
         and (.photos | type == "array" and length > 0 and all(.[]; type == "string")))' \
  > "$album" || poison $? "$wanted"
[ -s "$album" ] || poison 1 "$wanted" # jq is content with no input at all

jq -r '.photos[]' "$album" > "$list"
number=0
while IFS= read -r photo; do
  [ -r "$photo" ] || poison 1 "no such photo: $photo"
  name=$(printf 'photo-%02d.jpg' "$number")
  # jpeg:size lets the decoder skip what the small picture cannot show; ^ and -extent fill it.
  convert -define jpeg:size=960x540 "$photo" -auto-orient -strip \
    -resize '960x540^' -gravity center -extent 960x540 -quality 90 "$SELVAGE_OUT/$name"
  number=$((number + 1))
done < "$list"
rm "$list"

write_history
jq -c '{album, title, photos: (.photos | length)}' "$album"
