/// What a person gets who registers, signs in or refreshes.
struct SignedIn: Sendable, Encodable {
    let user: AccountView
    let accessToken: String
    let refreshToken: String
    let tokenType = "Bearer"
    /// Seconds until the access token ends.
    let expiresIn: Int64

    private enum CodingKeys: CodingKey { case user, accessToken, refreshToken, tokenType, expiresIn }
}
