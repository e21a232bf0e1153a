/// The right to write an upload, for a time.
struct Turn: Sendable {
    /// What the holder records counts while the upload has this number.
    var epoch: Int64 = 0
    /// To be called whenever something came: who is silent may be asked to stop when another request waits.
    let progress: @Sendable () -> Void

    /// Waits for something that is no silence of the client's.
    func working<T: Sendable>(_ work: @Sendable () async throws -> T) async throws -> T {
        let signs = Task {
            while !Task.isCancelled {
                progress()
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { signs.cancel() }
        return try await work()
    }
}
