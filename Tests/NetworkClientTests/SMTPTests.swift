import FoundationEssentials
import Primitives
import Testing

@testable import NetworkClient

struct SMTPTests {
    @Test func rendersAMessage() throws {
        var message = SMTPMessage(
            from: MailAddress("a@example.org", name: "Atelier"),
            to: [MailAddress("b@example.org", name: "Zoë, the \"b\"")],
            subject: "Dein Film ist fertig — schau ihn dir an, bevor der Regen kommt, und sag es weiter",
            text: "Grüße\n",
            html: "<p>Grüße</p>", id: "42")
        message.date = Date(rfc3339: "2026-01-31T09:05:07Z") ?? Date()
        let text = String(decoding: message.rendered(), as: UTF8.self)
        #expect(text.contains("Date: Sat, 31 Jan 2026 09:05:07 +0000\r\n"))
        #expect(text.contains("From: Atelier <a@example.org>\r\n"))
        #expect(text.contains("Message-ID: <42@example.org>\r\n"))
        #expect(text.contains("To: =?utf-8?B?"))
        #expect(text.contains(Data("Grüße\n".utf8).base64EncodedString()))
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test func aSubjectCannotAddHeaders() {
        let message = SMTPMessage(
            from: MailAddress("a@example.org"), to: [MailAddress("b@example.org")], subject: "x\r\nBcc: c@example.org",
            text: "", id: "1")
        #expect(!String(decoding: message.rendered(), as: UTF8.self).contains("\r\nBcc"))
    }

    @Test(arguments: ["a b@c", "a@b@c", "a@b>\r\nRCPT TO:<c@d", "@c", "a@"])
    func refusesAddresses(address: String) { #expect(!MailAddress.isPlain(address)) }

    @Test func guardsAddresses() {
        for blocked: UInt32 in [0x7F00_0001, 0x0A01_0203, 0xC0A8_0101, 0xA9FE_A9FE, 0xAC1F_0001, 0xE000_0001] {
            #expect(!AddressGuard.isPublic(v4: blocked))
        }
        #expect(AddressGuard.isPublic(v4: 0x0808_0808))
        #expect(!AddressGuard.isPublic(v6: [UInt8](repeating: 0, count: 15) + [1]))
        #expect(!AddressGuard.isPublic(v6: [0xFD] + [UInt8](repeating: 0, count: 15)))
        #expect(!AddressGuard.isPublic(v6: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1]))
        #expect(AddressGuard.isPublic(v6: [0x2A, 0x00] + [UInt8](repeating: 1, count: 14)))
    }
}
