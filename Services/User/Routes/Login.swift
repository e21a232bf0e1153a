import HTTP

/// By what a person signs in.
enum LoginIdentifier: Sendable {
    case email(EmailAddress)
    case username(Username)
    /// What nobody can have: answered like a name that nobody has.
    case impossible(String)

    var key: String {
        switch self {
        case .email(let email): email.key
        case .username(let username): username.key
        case .impossible(let text): "\0" + text.lowercased()
        }
    }
}

/// What `POST /api/v1/auth/login` takes: `email` or `username`, and `password`.
struct Login: Sendable, Decodable {
    let email: String?
    let username: String?
    let password: String
    /// Whether the tokens are to be cookies: for browsers.
    let cookies: Bool?

    /// - Throws: `Problem` 400 where both names or none are given.
    func identifier() throws -> LoginIdentifier {
        switch (email, username) {
        case (let email?, nil): EmailAddress(email).map(LoginIdentifier.email) ?? .impossible(String(email.prefix(300)))
        case (nil, let name?): Username(name).map(LoginIdentifier.username) ?? .impossible(String(name.prefix(300)))
        default: throw Problem.invalid(field: "email", reason: "or username is required, and not both")
        }
    }
}

/// What `POST /api/v1/auth/refresh` takes.
struct Refresh: Sendable, Decodable {
    /// Browsers send it as a cookie.
    let refreshToken: String?
}

/// What `POST /api/v1/auth/logout` may take.
struct Logout: Sendable, Decodable {
    let refreshToken: String?
}
