# SPDX-License-Identifier: Apache-2.0
"""The page of all published albums, as one text of HTML that needs no other file but the clips."""

import html

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slideshow</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --paper: #f4f2ee;
  --card: #fff; --line: #dfdbd3; --again: #b4500b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e4e8ec; --soft: #98a5b3; --paper: #14181d;
  --card: #1d232a; --line: #313a44; --again: #ff9d52; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; max-width: 84rem; padding: 2.5rem 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }}
h1 {{ margin: 0; font-size: 1.9rem; letter-spacing: -.02em; }}
.lead {{ margin: .25rem 0 2rem; color: var(--soft); max-width: 46rem; }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); }}
article {{ background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  overflow: hidden; }}
video {{ display: block; width: 100%; aspect-ratio: 16 / 9; background: #000; }}
h2 {{ margin: .9rem 1rem .4rem; font-size: 1.1rem; }}
table {{ width: calc(100% - 2rem); margin: 0 1rem; border-collapse: collapse; font-size: .88rem;
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25rem .5rem .25rem 0; text-align: left; border-top: 1px solid var(--line); }}
thead th {{ border: 0; color: var(--soft); font-weight: normal; }}
tbody th {{ font-weight: 600; }}
.number {{ text-align: right; padding-right: 0; }}
.again {{ color: var(--again); font-weight: 600; }}
.credit {{ margin: .7rem 1rem 1rem; color: var(--soft); font-size: .75rem; }}
</style>
<h1>Slideshow</h1>
<p class="lead">{lead}</p>
<main>
{cards}
</main>
</html>
"""

CARD = """<article id="{album}">
<video controls muted loop playsinline preload="none"
  poster="clips/{album}.jpg" src="clips/{album}.mp4"></video>
<h2>{title}</h2>
<table>
<thead><tr><th>stage<th>worker<th class="number">attempts<th class="number">seconds</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p class="credit">{credit}</p>
</article>"""

ROW = (
    '<tr title="message {message}"><th>{stage}<td>{worker}'
    '<td class="number{again}">{attempt}<td class="number">{seconds}</tr>'
)


def read_credits(path):
    """Photograph → (photographer, licence)."""
    lines = (line.split("\t") for line in path.read_text().splitlines())
    return {photo: (author, licence) for photo, author, licence in lines}


def render(records, credits):
    records = sorted(records, key=lambda record: record["title"])
    return PAGE.format(
        lead=html.escape(lead(records)),
        cards="\n".join(card(record, credits) for record in records),
    )


def lead(records):
    steps = [step for record in records for step in record["history"]]
    again = sum(1 for step in steps if int(step["attempt"]) > 1)
    return (
        f"{len(records)} clips, {len(steps)} steps of work, {again} of them finished only after at"
        " least one failed attempt. Each table tells how its clip came to be: which worker finished"
        " the step, at which attempt, and in how many seconds."
    )


def card(record, credits):
    authors = [credits[photo] for photo in record["photos"] if photo in credits]
    named = "; ".join(f"{author} ({licence})" for author, licence in dict.fromkeys(authors))
    return CARD.format(
        album=record["album"],
        title=html.escape(record["title"]),
        rows="\n".join(row(step) for step in record["history"]),
        credit=html.escape(f"Photographs: {named}" if named else ""),
    )


def row(step):
    cells = {name: html.escape(value) for name, value in step.items()}
    return ROW.format(again=" again" if int(step["attempt"]) > 1 else "", **cells)
