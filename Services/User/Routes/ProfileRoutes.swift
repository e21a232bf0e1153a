import Auth
import HTTP

/// `/api/v1/me`
struct ProfileRoutes: Sendable {
    let accounts: AccountService
    let tokens: TokenVerifier

    func add(to routes: inout Router) {
        routes.get(
            "/api/v1/me",
            tokens.authenticated { _, principal in
                try .json(.ok, AccountView(await accounts.profile(of: principal)))
            })
        routes.patch(
            "/api/v1/me",
            tokens.authenticated { request, principal in
                let account = try await accounts.change(request.decode(), of: principal, Client(request))
                return try .json(.ok, AccountView(account))
            })
    }
}
