"""Counts what Shared/ declares to other modules (public or package) and no doc comment precedes; fails where the share of
the documented falls under MINIMUM percent, and names the others by file and line.

A declaration is one by its own word (public, package), or by its place: a case of such an enum, a requirement of such a
protocol, a member of such an extension. It may span lines: attributes, modifiers and parameters are read as tokens.
The comment stands above the attributes. What needs no words of its own is listed below, with the reason."""

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

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|#*""".*?"""#*|#"(?:[^"\n]|"(?!#))*"#|[A-Za-z_$]\w*|`\w+`|@\w+|->|\n|"|\S', re.S)
MODIFIERS = {
    "public", "package", "internal", "private", "fileprivate", "open", "static", "final", "mutating", "nonmutating",
    "nonisolated", "override", "indirect", "convenience", "required", "lazy", "weak", "unowned", "isolated", "optional",
    "prefix", "postfix", "infix", "dynamic", "consuming", "borrowing", "async", "distributed", "sending",
}
TYPES = {"struct", "class", "enum", "actor", "protocol", "extension"}
MEMBERS = {"func", "var", "let", "init", "subscript", "typealias", "associatedtype", "case"}


class Declaration:
    """One declaration: where it stands, what it is and whether words precede it."""

    def __init__(self, path, line, keyword, name, owner, scope, documented, source, empty):
        self.path, self.line, self.keyword, self.name, self.owner = path, line, keyword, name, owner
        # `scope`: what kind of body it stands in. `empty`: its own body does nothing.
        self.scope, self.documented, self.source, self.empty = scope, documented, source, empty


class Scope:
    """The braces a declaration stands in: a type's body, or code, in which nothing is a declaration to others."""

    def __init__(self, keyword, name="", visible=False, line=0):
        self.keyword, self.name, self.visible, self.line = keyword, name, visible, line


def tokens(text):
    """Tokens with their line, without comments and strings (a string may hold another in an interpolation)."""
    found, line, at = [], 1, 0
    while match := TOKEN.search(text, at):
        token = match.group()
        at = match.end()
        if token == '"':
            at = end_of_string(text, at)
            token = '""'
        elif token == "\n" or token.startswith(("//", "/*")):
            pass
        elif token.startswith(("#", '"""')) and '"' in token:
            found.append((line, '""'))
            line += token.count("\n")
            continue
        if token != "\n" and not token.startswith(("//", "/*")):
            found.append((line, token))
        line += text.count("\n", match.start(), at)
    return found


def end_of_string(text, at):
    """Behind the closing quote of a string on one line, interpolations and what they quote included."""
    depth = 0
    while at < len(text):
        if depth == 0 and text[at] == '"':
            return at + 1
        if depth > 0 and text[at] == '"':
            at = end_of_string(text, at + 1)
            continue
        if text.startswith("\\(", at):
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


def declarations(path):
    """What a file declares in the bodies of its types and outside of all, in order; and who conforms to what."""
    with open(path) as f:
        text = f.read()
    lines = text.split("\n")
    found = [pair for pair in tokens(text)]
    result, conformances = [], {}
    scopes, at = [Scope("file")], 0
    while at < len(found):
        line, token = found[at]
        here = scopes[-1]
        begins = at == 0 or found[at - 1][0] < line or found[at - 1][1] in "{};"
        if token == "{":
            scopes.append(Scope("code"))
        elif token == "}":
            scopes.pop()
        elif token in "([":
            if here.keyword != "code":
                at = closing(found, at)
                continue
        elif here.keyword != "code" and begins:
            head, words = at, []
            while at < len(found) and (found[at][1].startswith("@") or found[at][1] in MODIFIERS or found[at][1] == "class"):
                if found[at][1] == "class" and found[at + 1][1] not in MODIFIERS | MEMBERS:
                    break
                words.append(found[at][1])
                at += 1
                if found[at][1] == "(":
                    words.append(found[at + 1][1] + " set" if found[at + 2 : at + 3] and found[at + 2][1] == "set" else "")
                    at = closing(found, at)
            keyword = found[at][1]
            if keyword not in TYPES | MEMBERS:
                at = max(at, head + 1)
                continue
            name = found[at + 1][1] if keyword not in ("init", "subscript") else keyword
            explicit = bool({"public", "package", "open"} & set(words))
            hidden = bool({"private", "fileprivate", "internal"} & set(words))
            by_place = here.visible and (
                here.keyword in ("protocol", "extension") or (here.keyword == "enum" and keyword == "case"))
            visible = explicit or (by_place and not hidden)
            body, owner = at + 1, ".".join(s.name for s in scopes[1:])
            if keyword in ("func", "init", "subscript"):
                while found[body][1] != "(":
                    if keyword == "func" and found[body][1] not in ("`",) and not re.match(r"[\w`<]", found[body][1]):
                        name = name if re.match(r"[\w`]", name) else name + (found[body][1] if body > at + 1 else "")
                    body += 1
                if re.match(r"[\w`]", name):
                    name += labels(found, body)
                body = closing(found, body)
            if visible and keyword != "extension":
                above = found[head][0] - 2
                documented = lines[above].lstrip().startswith("///") or (
                    keyword == "case" and here.line == found[head][0])
                empty = [t for _, t in found[body : body + 2]] == ["{", "}"]
                result.append(Declaration(
                    path, found[at][0], keyword, name, owner, here.keyword, documented,
                    lines[found[at][0] - 1].strip(), empty))
            if keyword in TYPES:
                names = []
                while found[at][1] != "{":
                    names.append(found[at][1])
                    at += 1
                last = names[1] if keyword != "extension" else [
                    n for n in "".join(names[1:]).split(":")[0].split("where")[0].split(".")][-1]
                ends = names.index("where") if "where" in names else len(names)
                conformances.setdefault(last, set()).update(n for n in names[2:ends] if n[0].isalpha())
                scopes.append(Scope(keyword, last, visible, found[at][0]))
            else:
                at = body
                continue
        at += 1
    return result, conformances


def exempt(one, conformances, requirements):
    """True of what is explained elsewhere: by a standard, by the requirement it meets, or by its defaults."""
    owner = one.owner.split(".")[-1]
    return (
        one.name in STANDARD_WITNESSES
        or owner in REGISTERED_NAMES and (one.keyword == "case" or "static let" in one.source)
        # What meets a documented requirement of a protocol of ours inherits its words, as in DocC.
        or any(one.name in requirements.get(protocol, ()) for protocol in conformances.get(owner, ()))
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
            requirements.setdefault(one.owner.split(".")[-1], set()).add(one.name)
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
