import Testing

@testable import UserService

@Suite struct RuleTests {
    @Test(arguments: ["a@b.cd", "Ada.Lovelace+x@mail.example.test", "ü@exämple.test", "o'hara@x-y.io"])
    func addresses(text: String) { #expect(EmailAddress(text) != nil) }

    @Test(arguments: [
        "", "a", "@", "a@b", "@b.cd", "a@", "a@@b.cd", "a b@c.de", "a@b..cd", "a@-b.cd", "a@b.cd ", ".a@b.cd",
        "a.@b.cd",
        "a..b@c.de", "<a@b.cd>", "a@b.cd\r\nBcc: x", "a@[127.0.0.1]", "a,b@c.de",
        String(repeating: "a", count: 65) + "@b.cd",
    ])
    func noAddresses(text: String) { #expect(EmailAddress(text) == nil) }

    @Test func usernames() {
        for name in ["ada", "Ada_L.1-x", "0ab", String(repeating: "a", count: 32)] { #expect(Username(name) != nil) }
        for name in ["", "ab", ".ab", "-ab", "a b", "ä-b-c", "a@bc", String(repeating: "a", count: 33)] {
            #expect(Username(name) == nil)
        }
        #expect(Username("ADA")?.key == Username("ada")?.key)
    }

    private let policy = PasswordPolicy(
        list: String(decoding: PackageResources.common_passwords_txt, as: UTF8.self))

    @Test(arguments: [
        "short", "1234567", "password", "Password", "PASSWORD1", "password123!", "12345678", "87654321", "aaaaaaaa",
        "abababab", "abcdefgh", "qwertyuiop", "iloveyou", "sunshine", "1q2w3e4r", "trustno1", "administrator",
        "ada.lovelace",
        "ada.lovelace@example.test", String(repeating: "x1y", count: 400),
    ])
    func refusedPasswords(password: String) {
        let fault = policy.fault(
            password, email: EmailAddress("ada.lovelace@example.test"), username: Username("ada.lovelace"))
        #expect(fault != nil)
    }

    @Test(arguments: [
        "correct horse battery", "überraschung im garten", "8charsOK", "密码是一个很长的句子",
        String(repeating: "ab3", count: 60),
    ])
    func takenPasswords(password: String) {
        #expect(policy.fault(password, email: EmailAddress("a@b.cd"), username: Username("ada")) == nil)
    }

    @Test func waitsGrow() {
        #expect(LoginThrottle.wait(after: 9) == 0)
        #expect((10...20).map(LoginThrottle.wait(after:)) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60])
    }
}
