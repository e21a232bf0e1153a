"""What scripts/check counts as a declaration without words, and what it lets pass."""

import pytest

import doccheck


def bare(tmp_path, monkeypatch, capsys, text):
    """The lines of a file that the check names."""
    path = tmp_path / "Sample.swift"
    path.write_text(text)
    monkeypatch.setattr(doccheck.subprocess, "check_output", lambda *_, **__: f"{path}\n")
    code = doccheck.main()
    lines = [int(line.split(":")[1]) for line in capsys.readouterr().out.splitlines() if "Sample.swift" in line]
    assert (code == 0) == (not lines)
    return lines


@pytest.mark.parametrize("text, expected", [
    ("/// Words.\npublic struct A {}\n", []),
    ("public struct A {}\n", [1]),
    ("struct A {\n    var a = 1\n}\n\n/// Words.\npublic let b = 1\n", []),
    ("// No words for readers of the documentation.\npublic let a = 1\n", [2]),
    ("/// Words.\n@frozen\npublic\n  struct A {}\n", []),
    ("/// Words.\npublic enum A {\n    case b\n}\n", [3]),
    ("/// Words.\npublic enum A { case b, c }\n", []),
    ("/// Words.\npublic protocol P {\n    var a: Int { get }\n}\n", [3]),
    ("public extension String {\n    func f() {}\n    private func g() {}\n}\n", [2]),
    ("/// Words.\npublic func f() {\n    struct A { public let b = 1 }\n}\n", []),
    ('/// Words.\npublic let a = "\\(b ? "{" : "public let c")"\npublic let d = 1\n', [3]),
    ("/// Words.\npublic struct A {\n    public private(set) var a = 1\n    public init() {}\n}\n", [3]),
])
def test_what_others_may_use_needs_words(tmp_path, monkeypatch, capsys, text, expected):
    assert bare(tmp_path, monkeypatch, capsys, text) == expected


PROTOCOL = "/// Words.\npublic protocol P {\n    /// Words.\n    func f(of a: Int)\n}\n"


@pytest.mark.parametrize("text, expected", [
    ("/// Words.\npublic struct A: P {\n    public func f(of a: Int) {}\n}\n", []),
    ("extension Int: P {\n    public func f(of a: Int) {}\n}\n", []),
    ("extension P {\n    public func f(of a: Int) {}\n}\n", []),
    # Another name, other labels, a type that conforms to nothing.
    ("extension P {\n    public func g() {}\n}\n", [7]),
    ("extension Int: P {\n    public func f(in a: Int) {}\n}\n", [7]),
    ("extension Int {\n    public func f(of a: Int) {}\n}\n", [7]),
])
def test_what_meets_a_documented_requirement_inherits_its_words(tmp_path, monkeypatch, capsys, text, expected):
    assert bare(tmp_path, monkeypatch, capsys, PROTOCOL + text) == expected


def test_what_meets_a_requirement_without_words_needs_its_own(tmp_path, monkeypatch, capsys):
    text = "/// Words.\npublic protocol P {\n    func f()\n}\nextension Int: P {\n    public func f() {}\n}\n"
    assert bare(tmp_path, monkeypatch, capsys, text) == [3, 6]
