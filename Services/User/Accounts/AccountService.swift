import Auth
import Crypto
import FoundationEssentials
import HTTP
import Outbox
import Postgres
import Primitives
import ServiceKit

/// Registers people, lets them in, and changes what they may change about themselves.
struct AccountService: Sendable {
    let postgres: PostgresClient
    let outbox: Outbox
    let hasher: PasswordHasher
    let policy: PasswordPolicy
    let sessions: SessionService
    let sealSecret: String

    /// Makes an account with a workspace of its own, whose admin it is, and signs it in.
    /// - Parameter key: the same key again gets the first answer, which is kept sealed: it carries tokens.
    func register(_ body: Registration, _ client: Client, _ key: IdempotencyKey?) async throws -> HTTPResponse {
        let form = try body.checked(policy)
        let hash = try await hasher.hash(form.password)
        let now = Date()
        let account = Account(
            id: .v7(), email: form.email.text, username: form.username.text, displayName: form.displayName,
            role: "user", isDisabled: false, workspaceID: .v7(), workspaceRole: .admin, createdAt: now, updatedAt: now)
        do {
            return try await Idempotency.perform(key, on: postgres, sealedBy: sealSecret) { tx in
                try await AccountStore.insert(account, form, hash: hash, in: tx)
                let (signedIn, statements) = try sessions.open(account, client)
                _ = try await tx.batch(statements)
                try await AuditStore.append(AuditEvent(.registered, user: account.id, client: client), in: tx)
                try await outbox.userRegistered(account, in: tx)
                return try .json(.created, signedIn, headers: ["Cache-Control": "no-store"])
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            switch error.constraint {
            case "account_email_taken": throw Problem.conflict("email_taken", "This email address has an account.")
            case "account_username_taken": throw Problem.conflict("username_taken", "This username is taken.")
            default: throw error
            }
        }
    }

    /// Signs a person in. A wrong password and an unknown name have the same answer, after the same time.
    func signIn(_ body: Login, _ client: Client) async throws -> SignedIn {
        let identifier = try body.identifier()
        let throttle = LoginThrottle(identifier: identifier)
        // Two round trips in all: people sign in often, and what is not the hash itself should not show.
        let known = try await postgres.withTransaction {
            try await $0.finish([throttle.finding, AccountStore.findingCredentials(of: identifier)])
        }
        let hasFailures = try throttle.check(known[0])
        let found = try AccountStore.credentials(in: known[1])
        let isRight = try await hasher.verify(body.password, against: found?.hash)
        guard let found, isRight, !found.account.isDisabled else {
            try await refuse(found?.account.id, throttle, client)
        }
        let stronger = hasher.parameters.needsRehash(found.hash) ? try await hasher.hash(body.password) : nil
        var (signedIn, statements) = try sessions.open(found.account, client)
        if hasFailures { statements.append(throttle.clearing) }
        if let stronger {
            statements.append(AccountStore.replacingHash(of: found.account.id, old: found.hash, new: stronger))
        }
        let audit = try AuditStore.appending(AuditEvent(.signedIn, user: found.account.id, client: client))
        try await postgres.withTransaction { [statements] tx in
            let told = try outbox.userSignedIn(found.account, in: tx)
            _ = try await tx.finish(statements + [told, audit].compactMap { $0 })
        }
        return signedIn
    }

    func profile(of principal: Principal) async throws -> Account {
        guard let account = try await AccountStore.account(principal, on: postgres), !account.isDisabled else {
            throw AuthenticationFailure(.revoked)
        }
        return account
    }

    /// Changes the profile. A new password ends all other sessions.
    func change(_ change: ProfileChange, of principal: Principal, _ client: Client) async throws -> Account {
        let account = try await profile(of: principal)
        let form = try change.checked()
        var hash: String?
        if let password = form.password {
            guard let email = EmailAddress(account.email), let username = form.username ?? Username(account.username),
                let found = try await AccountStore.credentials(.email(email), on: postgres),
                try await hasher.verify(password.current, against: found.hash)
            else { throw Problem(.forbidden, code: "wrong_password", detail: "The present password is not right.") }
            if let fault = policy.fault(password.new, email: email, username: username) {
                throw Problem.invalid(field: "newPassword", reason: fault)
            }
            hash = try await hasher.hash(password.new)
        }
        do {
            try await postgres.withTransaction { tx in
                try await AccountStore.update(principal.userID, form, hash: hash, in: tx)
                let action: AuditEvent.Action = hash == nil ? .profileChanged : .passwordChanged
                try await AuditStore.append(
                    AuditEvent(action, user: principal.userID, session: principal.sessionID, client: client), in: tx)
                if hash != nil {
                    try await sessions.endAll(
                        of: principal.userID, but: principal.sessionID, reason: "password changed", client, in: tx)
                }
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            throw Problem.conflict("username_taken", "This username is taken.")
        }
        return try await profile(of: principal)
    }

    private func refuse(_ user: UUID?, _ throttle: LoginThrottle, _ client: Client) async throws -> Never {
        SecurityEvent.signInFailed.count()
        try await postgres.withTransaction { tx in
            try await throttle.count(in: tx)
            try await AuditStore.append(
                AuditEvent(.signInFailed, user: user, succeeded: false, client: client), in: tx)
        }
        throw Problem(.unauthorized, code: "invalid_credentials", detail: "The name or the password is not right.")
    }
}
