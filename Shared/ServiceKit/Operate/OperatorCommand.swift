internal import FoundationEssentials
internal import Primitives

/// What an operator is answered, for people and for programs.
public struct OperatorAnswer: Sendable {
    /// Lines for a terminal.
    public let text: String
    /// The same as JSON.
    public let document: any Encodable & Sendable

    /// - Parameter text: whole lines, the last one ended too.
    public init(text: String, document: any Encodable & Sendable) {
        self.text = text
        self.document = document
    }
}

/// What an operator asked for is not there, or may not be done: the word ends with 1.
public struct OperatorRefusal: Error {
    /// Why, for the operator.
    public let reason: String
    /// A refusal for a reason.
    public init(reason: String) { self.reason = reason }
}

/// How an operator's word was said.
public struct OperatorCall: Equatable, Sendable {
    /// What stood behind the words, in the order of the usage.
    public var arguments: [String] = []
    /// The values of the options that take one, by their names.
    public var values: [String: String] = [:]
    /// Whether what would be done is to be done (`--apply`).
    public var applies = false
    /// Lines of a list at most.
    public var limit = 20
    var isJSON = false
    var asksForHelp = false

    /// Said with nothing but the words.
    public init() {}
}

/// A word of an operator that one service alone has, such as `keys rotate`. One that changes something says what it
/// would do, and does it where it was told `--apply`; said again, it does no harm.
public struct OperatorCommand<Settings>: Sendable {
    /// The words that name it.
    let words: [String]
    /// What must follow them, as the usage names it.
    let arguments: [String]
    /// Options with a value, each with what the usage says of the value.
    let options: [String: String]
    let changes: Bool
    let meaning: String
    let patience: Duration
    let perform: @Sendable (Settings, Platform, OperatorCall) async throws -> OperatorAnswer

    /// - Parameters:
    ///   - words: what names it, `keys rotate`.
    ///   - arguments: what must follow, as in `["ID"]`.
    ///   - options: options with a value, `["--sample": "N"]`.
    ///   - changes: whether it changes something, and so takes `--apply`.
    ///   - meaning: what it does, in a few words, for `--help`.
    ///   - patience: how long it may take in all.
    ///   - perform: does it; `OperatorRefusal` where it may not be done.
    public init(
        _ words: String, arguments: [String] = [], options: [String: String] = [:], changes: Bool = false,
        _ meaning: String, patience: Duration = .seconds(30),
        perform: @escaping @Sendable (Settings, Platform, OperatorCall) async throws -> OperatorAnswer
    ) {
        self.words = words.split(separator: " ").map(String.init)
        self.arguments = arguments
        self.options = options
        self.changes = changes
        self.meaning = meaning
        self.patience = patience
        self.perform = perform
    }

    /// The line of the usage: how it is said, and what it does.
    var line: [String] {
        let options = options.sorted { $0.key < $1.key }.map { "[\($0.key) \($0.value)]" }
        return [(words + arguments + options + (changes ? ["[--apply]"] : [])).joined(separator: " "), meaning]
    }

    /// How it was said.
    /// - Throws: `OperatorWord.Misuse`.
    func parse(_ said: [String]) throws(OperatorWord.Misuse) -> OperatorCall {
        var call = OperatorCall()
        var rest = said.dropFirst(words.count)
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": call.asksForHelp = true
            case "--json": call.isJSON = true
            case "--apply" where changes: call.applies = true
            case "--limit": call.limit = try OperatorWord.limit(rest.popFirst())
            case _ where options[word] != nil:
                guard let value = rest.popFirst(), !value.hasPrefix("-") else {
                    throw OperatorWord.Misuse(reason: "\(word) needs \(options[word] ?? "a value")")
                }
                call.values[word] = value
            case _ where word.hasPrefix("-"): throw OperatorWord.Misuse(reason: "unknown option \(word)")
            default: call.arguments.append(word)
            }
        }
        guard call.asksForHelp || call.arguments.count == arguments.count else {
            throw OperatorWord.Misuse(reason: "cannot make sense of: \(said.joined(separator: " "))")
        }
        return call
    }
}
