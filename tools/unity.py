# SPDX-License-Identifier: Apache-2.0
"""Several .cc files as one text, so that what they all include is read once, and the way back from a
line of that text to the file that it came from.

Names of anonymous namespaces may clash in one text. pack() keeps apart the files that visibly define
the same name; whoever compiles a group must still be ready for one that does not compile.
"""
import re

NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.M)
ALONE = re.compile(r"^#\s*define", re.M)  # a macro must not reach the files behind it
PROGRAM = re.compile(r"\b(main|LLVMFuzzerTestOneInput)\(")  # each program has one: it gets a number
TYPE = re.compile(r"(?:struct|class|union|enum(?: class)?) (\w+)")
OTHER = re.compile(r"[^({=;]*?(?<!::)\b(\w+)(?:\(|\{|\[|;| =| \{)")  # a function, variable or alias


def defined(text):
    """The names that stand at the left margin: those which another file might define too."""
    found = NAMESPACE.search(text)
    namespace = found[1] if found else ""
    names = set()
    for line in text.splitlines():
        if re.match(r"(?!namespace|template)[\[a-z_A-Z]", line):
            match = TYPE.match(line) or OTHER.match(line)
            if match and not PROGRAM.search(line):
                names.add((namespace, match[1]))
    return names


def pack(files, most):
    """Groups of at most `most` of the (path, key) pairs: of one key, and without a visible clash."""
    groups = []  # (key, names, paths)
    for path, key in files:
        text = path.read_text()
        names = defined(text)
        alone = bool(ALONE.search(text))
        for group_key, group_names, paths in groups:
            if not alone and key == group_key and len(paths) < most and not names & group_names:
                paths.append(path)
                group_names |= names
                break
        else:
            groups.append((None if alone else key, names, [path]))
    return [paths for _, _, paths in groups]


class Text:
    """The files, one after the other."""

    def __init__(self, paths):
        self.starts = []  # (the first line of a file in the text, counted from 1; its path)
        lines = []
        for path in paths:
            self.starts.append((len(lines) + 1, path))
            own = rf"\1_{len(self.starts)}("
            lines += [PROGRAM.sub(own, line) for line in path.read_text().splitlines()]
        self.text = "\n".join(lines) + "\n"

    def origin(self, line):
        """The path and line that a line of the text came from."""
        start, path = max(one for one in self.starts if one[0] <= line)
        return path, line - start + 1

    def restore(self, output, name):
        """A compiler's output about the text, called `name`, as if it were about the files."""
        here, told = False, []
        for line in output.splitlines():
            place = re.match(rf"{re.escape(name)}:(\d+)", line)
            quoted = re.match(r" *(\d+) \|", line)
            if place:
                path, number = self.origin(int(place[1]))
                line = f"{path}:{number}{line[place.end():]}"
            elif here and quoted:
                line = f"{self.origin(int(quoted[1]))[1]:5}{line[quoted.end() - 2:]}"
            here = bool(place) or (here and not re.match(r"\S+:\d+:\d+:", line))
            told.append(line)
        return "\n".join(told) + "\n" if told else ""
