/// A piece of music as it is played: notes in time, on instruments.
public struct Score: Sendable, Hashable {
    /// A note.
    public struct Note: Sendable, Hashable {
        /// Which instrument: the index of a part in ``Score/parts``.
        public var part: Int
        /// Pitch as a MIDI key: 60 is the middle C. On percussion, which drum.
        public var key: Int
        /// How hard, 1 to 127.
        public var velocity: Int
        /// Start, in seconds.
        public var start: Double
        /// End, in seconds.
        public var end: Double
    }

    /// An instrument and its place in the mix.
    public struct Part: Sendable, Hashable {
        /// General MIDI program, 0 to 127; `nil` for the drum kit.
        public var program: Int?
        /// Channel volume, 0 to 127 (controller 7).
        public var volume: Int
        /// From 0 (left) by 64 (middle) to 127 (right) (controller 10).
        public var pan: Int
        /// How much room is heard, 0 to 127 (controller 91).
        public var reverb: Int
    }

    /// Instruments.
    public var parts: [Part]
    /// Notes by start.
    public var notes: [Note]
    /// Length to the last silence, in milliseconds.
    public var durationMs: Int
    /// When the last chord sounds, in milliseconds.
    public var cadenceMs: Int
    /// Quarter notes a minute.
    public var tempo: Double
    /// The key, as in `G major`.
    public var key: String
}
