import HTTP

/// What `POST /api/v1/auth/register` takes.
struct Registration: Sendable, Decodable {
    let email: String
    let username: String
    let password: String
    let displayName: String?

    /// The fields after all checks.
    struct Checked: Sendable {
        let email: EmailAddress
        let username: Username
        let displayName: String
        let password: String
    }

    /// - Throws: `Problem` 400 that names every faulty field.
    func checked(_ policy: PasswordPolicy) throws -> Checked {
        var faults: [(field: String, reason: String)] = []
        let email = EmailAddress(email)
        let username = Username(username)
        if email == nil { faults.append(("email", "must be an email address")) }
        if username == nil { faults.append(("username", UsernameRule.text)) }
        if let fault = policy.fault(password, email: email, username: username) { faults.append(("password", fault)) }
        if let displayName, let fault = DisplayName.fault(displayName) { faults.append(("displayName", fault)) }
        guard faults.isEmpty, let email, let username else { throw Problem.invalid(faults) }
        return Checked(
            email: email, username: username, displayName: displayName ?? username.text, password: password)
    }
}

/// The rule for usernames in words.
enum UsernameRule {
    static let text = "must have 3 to 32 letters, digits, '.', '_' or '-', and begin with a letter or digit"
}

/// The rule for names that people are shown with.
enum DisplayName {
    static func fault(_ name: String) -> String? {
        guard (1...100).contains(name.count), name.utf8.count <= 400 else { return "must have 1 to 100 characters" }
        let isPlain = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isPlain && name.contains(where: { !$0.isWhitespace }) ? nil : "must be readable text"
    }
}
