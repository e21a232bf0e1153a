import Redis
import Testing

@Suite("Where a Redis is")
struct RedisURLTests {
    @Test("all parts are read, what is escaped is not escaped any more")
    func whole() throws {
        let url = try RedisURL("rediss://gate%40way:p%2Fa%3As%23s@cache.example.org:6380/7")
        #expect((url.host, url.port, url.database) == ("cache.example.org", 6380, 7))
        #expect((url.user, url.password) == ("gate@way", "p/a:s#s"))
        #expect(url.isSecure)
    }

    @Test("what is left out has Redis's own defaults")
    func least() throws {
        let url = try RedisURL("redis://localhost")
        #expect((url.host, url.port, url.database, url.user, url.password) == ("localhost", 6379, 0, "", ""))
        #expect(!url.isSecure)
        let password = try RedisURL("redis://:secret@[::1]:7000/")
        #expect((password.host, password.port, password.user, password.password) == ("::1", 7000, "", "secret"))
    }

    @Test(
        "what is none is told without its secrets",
        arguments: [
            ("http://:hunter2@h", "must be redis://"), ("h:6379", "must be redis://"), ("redis://", "names no host"),
            ("redis://:hunter2@h:99999", "port"), ("redis://:hunter2@h/limits", "number of a database"),
            ("redis://:hunter2@h/-1", "number of a database"), ("redis://hunter2@h", "without a password"),
            ("redis://:hunter2@h/0?timeout=1", "neither ? nor #"), ("redis://:hun#ter2@h", ""),
            ("", "must be redis://"),
        ])
    func wrong(text: String, reason: String) throws {
        let fault = #expect(throws: RedisURL.Fault.self) { try RedisURL(text) }
        let said = try #require(fault).description
        #expect(said.contains(reason))
        #expect(!said.contains("hunter2") && !said.contains("hun#"))
    }
}
