import FoundationEssentials
import Postgres
import Primitives
import Testing

@testable import ProjectService

@Suite struct UpkeepTests {
    @Test func deletesWhatIsOldAndKeepsTheRest() async throws {
        try await withBench { bench in
            try await bench.postgres.execute(
                """
                INSERT INTO work (id, worker, kind, workspace_id, user_id, attempt, status, progress, retriable,
                    created_at, changed_at, ended_at)
                SELECT gen_random_uuid(), 'ml-worker', 'echo', gen_random_uuid(), gen_random_uuid(), 1, 'succeeded', 100,
                    false, now(), now(), CASE WHEN n % 2 = 0 THEN now() - interval '91 days' END
                FROM generate_series(1, 3000) n
                """)
            try await bench.postgres.execute(
                """
                INSERT INTO result_cache (key, workspace_id, output, created_at)
                SELECT n::text, gen_random_uuid(), '1', now() - n * interval '1 day' FROM generate_series(1, 60) n
                """)
            let upkeep = Upkeep(postgres: bench.postgres)
            while try await upkeep.clean() {}
            #expect(try await bench.postgres.query("SELECT 1 FROM work").count == 1500)
            #expect(try await bench.postgres.query("SELECT 1 FROM result_cache").count == 29)
        }
    }
}
