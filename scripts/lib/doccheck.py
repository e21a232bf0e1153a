"""Counts what Shared/ declares to other modules, public or package, and no doc comment precedes. Names it by file and
line, and fails where the share of the documented falls under MINIMUM percent.

A declaration is one by its own word, or by its place: a case of such an enum, a requirement of such a protocol, a member
of such an extension. It may span lines: attributes, modifiers and parameters are read as tokens. The comment stands above
the attributes. What needs no words of its own is listed below, with the reason."""

import re
import subprocess
import sys

MINIMUM = 100

# Members that a protocol of the standard library names and explains: a witness adds nothing to that.
STANDARD_WITNESSES = {
    "description", "debugDescription", "errorDescription", "rawValue", "hashValue", "hash(into:)", "encode(to:)",
    "init(from:)", "init(rawValue:)", "==", "<", "makeIterator()", "makeAsyncIterator()", "next()", "next(isolation:)",
    "Element", "Iterator", "AsyncIterator", "init(stringLiteral:)", "init(integerLiteral:)", "init(floatLiteral:)",
    "init(booleanLiteral:)", "init(arrayLiteral:)", "init(dictionaryLiteral:)", "init(nilLiteral:)",
}
# Types whose constants bear the names of a public registry, each with its number or spelling beside it.
REGISTERED_NAMES = {
    "HTTPStatus": "the reason phrases of RFC 9110 and the IANA registry",
    "HTTPMethod": "the methods of RFC 9110 and RFC 5789",
}

WORD = re.compile(r"[A-Za-z_$]\w*|`\w+`")
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|(?P<text>#*""".*?"""#*|#"(?:[^"\n]|"(?!#))*"#)|[A-Za-z_$]\w*|`\w+`|@\w+|->|"|\S', re.S)
MODIFIERS = {
    "public", "package", "internal", "private", "fileprivate", "open", "static", "final", "mutating", "nonmutating",
    "nonisolated", "override", "indirect", "convenience", "required", "lazy", "weak", "unowned", "prefix", "postfix",
    "infix", "dynamic", "consuming", "borrowing", "distributed",
}
TYPES = {"struct", "class", "enum", "actor", "protocol", "extension"}
MEMBERS = {"func", "var", "let", "init", "subscript", "typealias", "associatedtype", "case"}


class Declaration:
    """One declaration that others may use: where it stands, what it is, and whether words precede it."""

    def __init__(self, path, line, source, name, scopes, documented, empty):
        self.path, self.line, self.source, self.name, self.documented = path, line, source, name, documented
        # The type it stands in, and that type's kind.
        self.owner, self.scope = scopes[-1].name, scopes[-1].keyword
        # Its own body does nothing.
        self.empty = empty


class Scope:
    """The braces a declaration stands in: a type's body, or code, in which nothing is declared to others."""

    def __init__(self, keyword, name="", visible=False, line=0):
        self.keyword, self.name, self.visible, self.line = keyword, name, visible, line


def tokens(text):
    """Tokens with their lines; no comments, and a string counts as one token, whatever it says."""
    found, line, at = [], 1, 0
    while match := TOKEN.search(text, at):
        token = match.group()
        line += text.count("\n", at, match.start())
        at = end_of_string(text, match.end()) if token == '"' else match.end()
        if not token.startswith(("//", "/*")):
            found.append((line, '"' if match["text"] else token))
        line += text.count("\n", match.start(), at)
    return found


def end_of_string(text, at):
    """Behind the closing quote of a string on one line, interpolations and what they quote included."""
    depth = 0
    while at < len(text):
        if text[at] == '"':
            if depth == 0:
                return at + 1
            at = end_of_string(text, at + 1)
        elif text.startswith("\\(", at):
            depth, at = depth + 1, at + 2
        elif text[at] == "\\":
            at += 2
        else:
            depth += {"(": 1, ")": -1}.get(text[at], 0) if depth else 0
            at += 1
    return at


def closing(found, at):
    """Behind the bracket that closes the one at `at`."""
    depth = 0
    while at < len(found):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[at][1], 0)
        at += 1
        if depth == 0:
            break
    return at


def labels(found, at):
    """The argument labels of the parameter list that opens at `at`: (of:in:)."""
    end, names, depth, fresh = closing(found, at), [], 0, False
    for _, token in found[at:end]:
        if fresh and not token.startswith("@") and token != ")":
            names.append(token + ":")
        fresh = (token == "(" and depth == 0) or (token == "," and depth == 1)
        depth += {"(": 1, "[": 1, "{": 1, "<": 1, ")": -1, "]": -1, "}": -1, ">": -1}.get(token, 0)
    return "(" + "".join(names) + ")"


def prefix(found, at):
    """The attributes and modifiers that begin at `at`, and the place behind them."""
    words = set()
    while found[at][1].startswith("@") or found[at][1] in MODIFIERS | {"class"}:
        # `class` is a modifier in `class func` alone.
        if found[at][1] == "class" and found[at + 1][1] not in MODIFIERS | MEMBERS:
            break
        words.add(found[at][1])
        at += 1
        if found[at][1] == "(":
            # `private(set)` says nothing of who may read.
            words -= {found[at - 1][1]} if found[at + 1][1] == "set" else set()
            at = closing(found, at)
    return words, at


def signature(found, at):
    """The name of the declaration whose keyword stands at `at`, with argument labels, and the place behind it."""
    keyword = found[at][1]
    name, after = (keyword, at + 1) if keyword in ("init", "subscript") else (found[at + 1][1], at + 2)
    if keyword not in ("func", "init", "subscript"):
        return name, after
    while found[after][1] != "(":
        # The signs of an operator are tokens each.
        name += found[after][1] if not WORD.match(name) else ""
        after += 1
    return name + (labels(found, after) if WORD.match(name) else ""), closing(found, after)


def type_head(found, at):
    """The name of the type whose keyword stands at `at`, what it conforms to, and the place of its brace."""
    words, extends = [], found[at][1] == "extension"
    while found[at][1] != "{":
        words.append(found[at][1])
        at += 1
    words = words[1 : words.index("where") if "where" in words else None]
    named = words[: words.index(":")] if extends and ":" in words else words if extends else words[:1]
    return named[-1], {word for word in words if WORD.match(word)} - {named[-1]}, at


def declarations(path):
    """What a file declares in the bodies of its types and outside of all, in order; and who conforms to what."""
    with open(path) as f:
        text = f.read()
    lines, found = text.split("\n"), tokens(text)
    result, conformances = [], {}
    scopes, at = [Scope("file")], 0
    while at < len(found):
        line, token = found[at]
        here = scopes[-1]
        if token == "{":
            scopes.append(Scope("code"))
        elif token == "}":
            scopes.pop()
        elif here.keyword != "code" and token in "([":
            at = closing(found, at)
            continue
        elif here.keyword != "code" and (at == 0 or found[at - 1][0] < line or found[at - 1][1] in "{};"):
            words, start = prefix(found, at)
            keyword = found[start][1]
            if keyword not in TYPES | MEMBERS:
                at = max(start, at + 1)
                continue
            name, after = signature(found, start)
            by_place = here.visible and (
                here.keyword in ("protocol", "extension") or (here.keyword == "enum" and keyword == "case"))
            visible = bool(words & {"public", "package", "open"}) or (
                by_place and not words & {"private", "fileprivate", "internal"})
            if visible and keyword != "extension":
                # The words of a type on one line speak for its cases too.
                documented = lines[line - 2].lstrip().startswith("///") or (keyword == "case" and here.line == line)
                empty = [token for _, token in found[after : after + 2]] == ["{", "}"]
                row = found[start][0]
                result.append(Declaration(path, row, lines[row - 1].strip(), name, scopes, documented, empty))
            at = after
            if keyword in TYPES:
                name, parents, at = type_head(found, start)
                conformances.setdefault(name, set()).update(parents)
                scopes.append(Scope(keyword, name, visible, found[start][0]))
                at += 1
            continue
        at += 1
    return result, conformances


def exempt(one, conformances, requirements):
    """True of what is explained elsewhere: by a standard, by the requirement it meets, or by its defaults."""
    return (
        one.name in STANDARD_WITNESSES
        or one.owner in REGISTERED_NAMES and one.source.startswith(("case ", "public static let "))
        # What meets a documented requirement of a protocol of ours inherits its words, as in DocC: in a type that conforms,
        # or for all of some types at once in an extension of the protocol itself.
        or any(one.name in requirements.get(protocol, ()) for protocol in conformances.get(one.owner, ()))
        or one.scope == "extension" and one.name in requirements.get(one.owner, ())
        # Nothing to pass and nothing done: the defaults are explained where they stand.
        or one.name == "init()" and one.empty
    )


def main():
    files = subprocess.check_output(["git", "ls-files", "Shared/*.swift"], text=True).split()
    every, conformances, requirements = [], {}, {}
    for path in files:
        declared, conforming = declarations(path)
        every += declared
        for name, protocols in conforming.items():
            conformances.setdefault(name, set()).update(protocols)
    for one in every:
        if one.scope == "protocol" and one.documented:
            requirements.setdefault(one.owner, set()).add(one.name)
    counted = [one for one in every if not exempt(one, conformances, requirements)]
    bare = [one for one in counted if not one.documented]
    share = 100 * (len(counted) - len(bare)) / max(1, len(counted))
    print(f"  {len(counted) - len(bare)} of {len(counted)} public declarations documented ({share:.1f} %)")
    if share < MINIMUM:
        print("\n".join(f"  {one.path}:{one.line}: {one.source[:90]}" for one in bare))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
