public import Configuration
internal import FoundationEssentials
internal import Primitives

/// What a service says of its settings, all from the one declaration that also parses them.
public enum Help {
    /// The answer to `--help`.
    /// - Parameters:
    ///   - forOperators: whether the process has a schema, and so the words that tell of it.
    ///   - commands: more words of an operator, each with what it does.
    public static func text(
        name: String, purpose: String, declarations: [SettingDeclaration], forOperators: Bool = true,
        commands: [[String]] = []
    ) -> String {
        var text = """
            \(name): \(purpose)

            Usage: \(name) [serve | migrate | check-config | config-schema | health | --help | --version]

              serve          runs the service (default)
              migrate        applies the schema and ends
              check-config   names every fault of the environment at once; exit code 78 where there is one
              config-schema  prints the settings as JSON
              health         asks the process that runs here whether it is ready; exit code 1 where it is not

            """
        if forOperators {
            text += "\nFor operators, each safe to say again:\n\n\(OperatorWord.usage(of: nil, and: commands))\n"
        }
        text += "\nEnvironment:\n"
        let width = declarations.map(\.name.count).max() ?? 0
        for setting in declarations {
            let padding = String(repeating: " ", count: width - setting.name.count)
            text += "  \(setting.name)\(padding)  \(setting.meaning)"
            if let fallback = setting.defaultValue { text += " Default: \(fallback)." }
            if setting.isRequired { text += " Required." }
            if setting.kind == .secret { text += " Or \(setting.name)_FILE." }
            if !setting.choices.isEmpty { text += " One of: \(setting.choices.joined(separator: ", "))." }
            text += "\n"
        }
        return text
    }

    /// The answer to `config-schema`.
    public static func schema(name: String, declarations: [SettingDeclaration]) throws -> String {
        struct Document: Encodable {
            let service: String
            let settings: [SettingDeclaration]
        }
        return try JSON.text(Document(service: name, settings: declarations))
    }
}
