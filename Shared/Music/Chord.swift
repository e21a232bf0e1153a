/// A chord within a key.
struct Chord: Sendable, Hashable {
    /// Semitones from the key's tonic to the root.
    let root: Int
    /// Semitones from the root to each tone.
    let tones: [Int]

    init(_ root: Int, _ tones: [Int]) {
        self.root = root
        self.tones = tones
    }

    /// Pitch classes above the tonic.
    var classes: [Int] { tones.map { (root + $0) % 12 } }

    // Of the major key.
    static let one = Chord(0, [0, 4, 7])
    static let oneAdd9 = Chord(0, [0, 4, 7, 14])
    static let two = Chord(2, [0, 3, 7])
    static let twoSeven = Chord(2, [0, 3, 7, 10])
    static let three = Chord(4, [0, 3, 7])
    static let four = Chord(5, [0, 4, 7])
    static let fourMaj7 = Chord(5, [0, 4, 7, 11])
    static let five = Chord(7, [0, 4, 7])
    static let fiveSus = Chord(7, [0, 5, 7])
    static let six = Chord(9, [0, 3, 7])
    static let sixSeven = Chord(9, [0, 3, 7, 10])
    // Of the minor key.
    static let minorOne = Chord(0, [0, 3, 7])
    static let minorOneAdd9 = Chord(0, [0, 3, 7, 14])
    static let minorThree = Chord(3, [0, 4, 7])
    static let minorFour = Chord(5, [0, 3, 7])
    static let minorSix = Chord(8, [0, 4, 7])
    static let minorSeven = Chord(10, [0, 4, 7])

    /// The chord's tones as keys within a range, in the closest position to what was played before, so that every voice
    /// moves as little as it can.
    func voicing(tonic: Int, in range: ClosedRange<Int>, after previous: [Int]) -> [Int] {
        let classes = tones.prefix(4).map { ((tonic + root + $0) % 12 + 12) % 12 }
        var candidates: [[Int]] = []
        for rotation in classes.indices {
            let order = classes[rotation...] + classes[..<rotation]
            for octave in stride(from: 24, through: 96, by: 12) {
                var keys: [Int] = []
                for pitchClass in order {
                    var key = octave + pitchClass
                    while let last = keys.last, key <= last { key += 12 }
                    keys.append(key)
                }
                if let low = keys.first, let high = keys.last, range.contains(low), range.contains(high) {
                    candidates.append(keys)
                }
            }
        }
        let middle = Double(range.lowerBound + range.upperBound) / 2
        func distance(_ keys: [Int]) -> Double {
            let centre = Double(keys.reduce(0, +)) / Double(keys.count)
            guard !previous.isEmpty else { return abs(centre - middle) }
            let moves = zip(keys, previous).reduce(0.0) { $0 + abs(Double($1.0 - $1.1)) }
            // A weak pull to the middle, or the voices would wander to an end of the range.
            return moves + abs(centre - middle) * 0.3
        }
        return candidates.min { distance($0) < distance($1) } ?? classes.map { $0 + 60 }
    }
}
