import HTTP
import Primitives
import ServiceTestKit

@testable import UserService

/// The user service, which signs people's tokens itself.
enum UserWorld {
    static let password = "correct horse battery"

    static func run<T: Sendable>(
        _ environment: [String: String] = [:], _ body: (ServiceWorld) async throws -> T
    ) async throws -> T {
        let settings = ["KEY_SEAL_SECRET": String(repeating: "k", count: 32)]
        return try await ServiceWorld.run(
            UserApplication.definition, settings.merging(environment) { $1 }, signsItself: true, body)
    }
}

extension ServiceWorld {
    /// Registers somebody; the whole answer.
    func register(_ name: String, headers: HTTPHeaders = [:]) async throws -> Answer {
        try await send(
            .POST, "/api/v1/auth/register",
            [
                "email": .string("\(name)@example.test"), "username": .string(name),
                "password": .string(UserWorld.password),
            ], headers: headers)
    }

    func login(_ name: String, _ password: String = UserWorld.password) async throws -> Answer {
        try await send(
            .POST, "/api/v1/auth/login",
            ["email": .string("\(name)@example.test"), "password": .string(password)])
    }

    func refresh(_ token: String) async throws -> Answer {
        try await send(.POST, "/api/v1/auth/refresh", ["refreshToken": .string(token)])
    }
}

extension ServiceWorld.Answer {
    func text(_ name: String) throws -> String {
        guard let text = body[name]?.stringValue else {
            throw ServiceWorld.Failure(description: "no \(name) in \(body)")
        }
        return text
    }
}
