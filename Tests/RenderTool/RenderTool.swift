import Film
import FoundationEssentials
import Glibc
import Montage
import Primitives

/// `render-tool job.json`: renders `{timeline, inputs, output}` and prints what it made as JSON.
@main enum RenderTool {
    struct Job: Codable {
        let timeline: Timeline
        let inputs: [String: String]
        let output: String
        /// Threads of the encoder; x264's own number where absent.
        var threads: Int?
    }

    private static func say(_ line: String) { _ = (line + "\n").withCString { write(STDERR_FILENO, $0, strlen($0)) } }

    static func main() throws {
        guard CommandLine.arguments.count == 2, let path = CommandLine.arguments.last else {
            say("usage: render-tool job.json")
            exit(64)
        }
        do {
            let job = try JSON.decode(Job.self, from: Data(contentsOf: URL(filePath: path)))
            let film = try MontageRenderer(threads: job.threads).render(
                timeline: job.timeline, inputs: job.inputs, output: job.output,
                progress: { progress in
                    if progress.percent % 10 == 0 {
                        say("\(progress.percent) % \(progress.etaMs.map { "\($0) ms left" } ?? "")")
                    }
                })
            print(try JSON.text(film))
        } catch {
            say("\(error)")
            exit(1)
        }
    }
}
