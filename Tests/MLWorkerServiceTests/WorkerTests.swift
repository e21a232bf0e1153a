import Assets
import Auth
import Events
import FoundationEssentials
import Postgres
import Primitives
import Sound
import Testing

@testable import MLWorkerService

@Suite(.timeLimit(.minutes(3))) struct WorkerTests {
    @Test func commandsBecomeResults() async throws {
        try await withBench { bench in
            let voice = try await bench.command(
                "voice", ["sceneId": "s1", "narration": "Guten Tag.", "language": "de"])
            let done = try await bench.end(voice)
            #expect(done.status == "succeeded")
            let output: VoiceAgent.Output = try JSON.decode(from: done.outputJSON)
            #expect(output.sceneId == "s1")
            #expect(bench.assets.saved.map(\.asset.id.text) == [output.assetId])
            // The ledger has the call and what it used.
            let row = try #require(
                try await bench.postgres.query("SELECT provider, status, unit, units_in FROM provider_call").first)
            let (provider, status, unit, units) = try row.decode((String, String?, String?, Int64?).self)
            #expect(provider == "embedded")
            #expect(status == "succeeded")
            #expect(unit == "character")
            #expect(units == 10)
        }
    }

    @Test func theSameCommandTwiceIsOneJob() async throws {
        try await withBench { bench in
            let id = UUID.v7()
            let run = UUID.v7()
            _ = try await bench.command("music", ["mood": "calm", "durationMs": 2000], id: id, run: run)
            _ = try await bench.command("music", ["mood": "calm", "durationMs": 2000], id: id, run: run)
            #expect(try await bench.end(id).status == "succeeded")
            // Another attempt of the same step finds what the first made.
            let again = try await bench.command("music", ["mood": "calm", "durationMs": 2000], run: run)
            #expect(try await bench.end(again).outputJSON == bench.end(id).outputJSON)
            #expect(bench.assets.saved.count == 1)
        }
    }

    @Test func echoIsAnsweredAtOnce() async throws {
        try await withBench { bench in
            let id = try await bench.command("echo", ["value": [1, "two", nil]])
            let news = try await bench.news(id)
            #expect(news.map(\.status) == ["succeeded"])
            #expect(try JSON.decode(JSONValue.self, from: news[0].outputJSON) == ["value": [1, "two", nil]])
            #expect(try await bench.postgres.query("SELECT 1 FROM job").isEmpty)
        }
    }

    @Test func badInputEndsAtOnceAndSaysWhy() async throws {
        try await withBench { bench in
            let cases: [(String, JSONValue, String)] = [
                ("script", ["brief": ""], "brief_empty"), ("script", [:], "invalid_input"),
                ("script", ["brief": 7], "invalid_input"), ("script", "no object", "invalid_input"),
                ("voice", ["narration": "Hello.", "language": "xx"], "unsupported_language"),
                ("voice", ["narration": "😀"], "nothing_to_say"),
                ("voice", ["narration": .string(String(repeating: "word ", count: 20_000))], "text_too_long"),
                ("music", ["durationMs": 0], "invalid_length"), ("music", ["durationMs": 36_000_000], "invalid_length"),
                ("juggle", [:], "unknown_kind"),
            ]
            for (kind, input, code) in cases {
                let end = try await bench.end(bench.command(kind, input))
                #expect(end.status == "failed")
                #expect(end.errorCode == code, "\(kind) \(end.errorMessage ?? "")")
                #expect(end.retriable == false)
            }
        }
    }

    @Test func generate() async throws {
        try await withBench { bench in
            let body: JSONValue = ["kind": "music", "prompt": "calm piano", "durationSeconds": 3]
            let (status, job) = try await bench.send("/api/v1/assets/generate", body, key: "k1")
            #expect(status == 202)
            #expect(job["status"] == "pending")
            let (again, same) = try await bench.send("/api/v1/assets/generate", body, key: "k1")
            #expect(again == 202)
            #expect(same["id"] == job["id"])
            let other: JSONValue = ["kind": "music", "prompt": "calm piano", "durationSeconds": 4]
            #expect(try await bench.send("/api/v1/assets/generate", other, key: "k1").0 == 422)
            let id = try #require(job["id"]?.stringValue.flatMap { UUID(uuidString: $0) })
            #expect(try await bench.end(id).status == "succeeded")
            #expect(try WAVEFile.decode(try #require(bench.assets.saved.first).data).durationMs == 3_000)
        }
    }

    @Test func generateRefuses() async throws {
        try await withBench { bench in
            let cases: [(JSONValue, Int)] = [
                (["kind": "image", "prompt": "a cat"], 501), (["kind": "juggling", "prompt": "x"], 400),
                (["kind": "voice", "prompt": "  "], 400), (["kind": "voice"], 400),
                (["kind": "music", "prompt": "x", "durationSeconds": 0], 400),
                (["kind": "music", "prompt": "x", "durationSeconds": 36_000], 400),
                (["kind": "music", "prompt": "x", "seed": -1], 400),
                (["kind": "voice", "prompt": "x", "projectId": "no-id"], 400), ([], 400),
            ]
            for (body, status) in cases {
                let answer = try await bench.send("/api/v1/assets/generate", body)
                #expect(answer.0 == status, "\(body) \(answer.1)")
            }
            #expect(try await bench.send("/api/v1/assets/generate", cases[0].0, role: .user).0 == 403)
            #expect(try await bench.postgres.query("SELECT 1 FROM job").isEmpty)
        }
    }

    @Test func aRemoteProviderThatIsAwayIsReplaced() async throws {
        let environment = [
            "TEXT_PROVIDER": "openai", "OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        ]
        try await withBench(environment) { bench in
            let end = try await bench.end(bench.command("script", ["brief": "The day begins. It is warm."]))
            #expect(end.status == "succeeded")
            let script: Script = try JSON.decode(from: end.outputJSON)
            #expect(script.provider == "embedded/rules-1")
            let rows = try await bench.postgres.query("SELECT provider, status FROM provider_call ORDER BY id")
            #expect(
                try rows.map { try $0.decode((String, String?).self).0 } == ["openai", "openai", "openai", "embedded"])
        }
    }
}
