import HTTP

/// What `PATCH /api/v1/me` takes; what is absent stays as it is.
struct ProfileChange: Sendable, Decodable {
    let displayName: String?
    let username: String?
    let currentPassword: String?
    let newPassword: String?

    /// The fields after all checks.
    struct Checked: Sendable {
        let displayName: String?
        let username: Username?
        let password: (current: String, new: String)?
    }

    /// - Throws: `Problem` 400 that names every faulty field.
    func checked() throws -> Checked {
        var faults: [(field: String, reason: String)] = []
        let name = username.flatMap(Username.init)
        if username != nil, name == nil { faults.append(("username", UsernameRule.text)) }
        if let displayName, let fault = DisplayName.fault(displayName) { faults.append(("displayName", fault)) }
        if newPassword != nil, currentPassword == nil {
            faults.append(("currentPassword", "is required for a new password"))
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        var password: (current: String, new: String)?
        if let newPassword, let currentPassword { password = (currentPassword, newPassword) }
        return Checked(displayName: displayName, username: name, password: password)
    }
}
