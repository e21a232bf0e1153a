internal import FoundationEssentials

/// One setting as declared: what `--help`, the README's table, the chart and `check-config` are made of.
public struct SettingDeclaration: Sendable, Codable {
    /// What values are taken: a `duration` is in whole milliseconds, a `secret` is never printed, a `choice` is one of
    /// a list.
    public enum Kind: String, Sendable, Codable { case string, integer, number, boolean, duration, url, secret, choice }
    /// The environment variable.
    public let name: String
    /// What values are taken.
    public let kind: Kind
    /// What holds where the variable is not set, as text; a secret's default is never told.
    public let defaultValue: String?
    /// The process does not start without it.
    public let isRequired: Bool
    /// The values of a `choice`; empty for all other kinds.
    public let choices: [String]
    /// The least number taken; in milliseconds for a duration.
    public let minimum: Double?
    /// The greatest number taken; in milliseconds for a duration.
    public let maximum: Double?
    /// One sentence for people, with the unit.
    public let meaning: String
}

/// What is wrong with one environment variable.
public struct ConfigurationFault: Error, Sendable, CustomStringConvertible {
    /// The environment variable.
    public let name: String
    /// What is expected of it, as the rest of a sentence; never holds the value, which may be a secret.
    public let reason: String

    /// - Parameter reason: what follows the name in a sentence: `must be true or false`.
    public init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }

    public var description: String { "\(name): \(reason)" }
}

/// A set of settings: its initialiser declares each one while it reads it.
///
/// ```swift
/// struct UserConfiguration: Configurable {
///     let hashMemory: Int
///     init(_ read: inout ConfigurationReader) {
///         hashMemory = read.int("ARGON2_MEMORY_KIB", default: 19_456, in: 8_192...1_048_576, "Memory of one hash, KiB.")
///     }
/// }
/// ```
public protocol Configurable: Sendable {
    /// Declares and reads every setting, with no other effect: it also runs to print the help.
    init(_ read: inout ConfigurationReader)
}

/// No settings of its own.
public struct NoConfiguration: Configurable {
    /// Declares nothing.
    public init(_ read: inout ConfigurationReader) {}
}

/// Reads settings from the environment, keeps what was declared, and collects every fault instead of stopping at the
/// first. A secret `NAME` may also be given as a file, by `NAME_FILE`.
public struct ConfigurationReader: Sendable {
    /// Every setting so far, in the order of declaration.
    public private(set) var declarations: [SettingDeclaration] = []
    /// What is wrong so far; where not empty, the values that were read are placeholders.
    public private(set) var faults: [ConfigurationFault] = []
    /// The secrets that were read so far: what must be written nowhere.
    public private(set) var secrets: [String] = []
    private let environment: [String: String]

    /// - Parameter environment: the process's variables; a test gives its own. An empty value counts as not set.
    public init(environment: [String: String]) { self.environment = environment }

    /// Text, of one of `choices` where they are given.
    public mutating func string(
        _ name: String, default fallback: String? = nil, choices: [String] = [], _ meaning: String
    ) -> String {
        declare(name, choices.isEmpty ? .string : .choice, fallback, meaning, choices: choices)
        guard let value = value(name) ?? fallback else { return missing(name, "") }
        if !choices.isEmpty, !choices.contains(value) {
            return fault(name, "must be one of \(choices.joined(separator: ", "))", value)
        }
        return value
    }

    /// Text that may be absent.
    public mutating func optional(_ name: String, _ meaning: String) -> String? {
        declare(name, .string, nil, meaning, isRequired: false)
        return value(name)
    }

    /// A secret: never printed. `NAME_FILE` may name a file that holds it.
    public mutating func secret(
        _ name: String, default fallback: String? = nil, minimumLength: Int = 0, isRequired: Bool = true,
        _ meaning: String
    ) -> String {
        declare(name, .secret, nil, meaning, isRequired: isRequired && fallback == nil)
        var found = value(name)
        if found == nil, let path = environment[name + "_FILE"] {
            guard let data = try? Data(contentsOf: URL(filePath: path)) else {
                return fault(name + "_FILE", "names a file that cannot be read", "")
            }
            found = String(decoding: data, as: UTF8.self).trimmingTrailingNewlines()
        }
        guard let text = found ?? fallback else { return isRequired ? missing(name, "") : "" }
        secrets.append(text)
        if text.utf8.count < minimumLength { return fault(name, "must have at least \(minimumLength) bytes", text) }
        return text
    }

    /// A whole number in a range.
    public mutating func int(
        _ name: String, default fallback: Int? = nil, in range: ClosedRange<Int>, _ meaning: String
    ) -> Int {
        declare(
            name, .integer, fallback.map(String.init), meaning, minimum: Double(range.lowerBound),
            maximum: Double(range.upperBound))
        guard let text = value(name) else { return fallback ?? missing(name, range.lowerBound) }
        guard let number = Int(text), range.contains(number) else {
            return fault(
                name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)", range.lowerBound)
        }
        return number
    }

    /// A number in a range.
    public mutating func number(
        _ name: String, default fallback: Double? = nil, in range: ClosedRange<Double>, _ meaning: String
    ) -> Double {
        declare(
            name, .number, fallback.map { String($0) }, meaning, minimum: range.lowerBound, maximum: range.upperBound)
        guard let text = value(name) else { return fallback ?? missing(name, range.lowerBound) }
        guard let number = Double(text), range.contains(number) else {
            return fault(name, "must be a number from \(range.lowerBound) to \(range.upperBound)", range.lowerBound)
        }
        return number
    }

    /// A switch: `true` or `false`.
    public mutating func bool(_ name: String, default fallback: Bool, _ meaning: String) -> Bool {
        declare(name, .boolean, fallback ? "true" : "false", meaning)
        switch value(name) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        default: return fault(name, "must be true or false", fallback)
        }
    }

    /// A duration in whole milliseconds; the name ends in `_MS`.
    public mutating func milliseconds(
        _ name: String, default fallback: Int, in range: ClosedRange<Int>, _ meaning: String
    ) -> Duration {
        declare(
            name, .duration, String(fallback), meaning, minimum: Double(range.lowerBound),
            maximum: Double(range.upperBound))
        guard let text = value(name) else { return .milliseconds(fallback) }
        guard let number = Int(text), range.contains(number) else {
            return fault(
                name, "must be milliseconds from \(range.lowerBound) to \(range.upperBound)", .milliseconds(fallback))
        }
        return .milliseconds(number)
    }

    /// A URL with a scheme of `schemes`; nothing else of it is checked.
    public mutating func url(
        _ name: String, default fallback: String? = nil, schemes: [String] = ["http", "https"], isRequired: Bool = true,
        _ meaning: String
    ) -> String {
        declare(name, .url, fallback, meaning, isRequired: isRequired && fallback == nil)
        guard let text = value(name) ?? fallback else { return isRequired ? missing(name, "") : "" }
        guard let url = URL(string: text), let scheme = url.scheme, schemes.contains(scheme) else {
            return fault(
                name, "must be a URL that begins with \(schemes.map { $0 + "://" }.joined(separator: " or "))", "")
        }
        return text
    }

    private func value(_ name: String) -> String? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        return text
    }

    private mutating func declare(
        _ name: String, _ kind: SettingDeclaration.Kind, _ fallback: String?, _ meaning: String,
        choices: [String] = [], minimum: Double? = nil, maximum: Double? = nil, isRequired: Bool? = nil
    ) {
        declarations.append(
            SettingDeclaration(
                name: name, kind: kind, defaultValue: fallback, isRequired: isRequired ?? (fallback == nil),
                choices: choices, minimum: minimum, maximum: maximum, meaning: meaning))
    }

    private mutating func missing<T>(_ name: String, _ placeholder: T) -> T {
        fault(name, "is required and not set", placeholder)
    }

    private mutating func fault<T>(_ name: String, _ reason: String, _ placeholder: T) -> T {
        faults.append(ConfigurationFault(name: name, reason: reason))
        return placeholder
    }
}

extension String {
    fileprivate func trimmingTrailingNewlines() -> String {
        var text = self
        while let last = text.last, last.isNewline { text.removeLast() }
        return text
    }
}
