import Film

/// Decides what each scene shows: the person's photographs and videos where their names fit the words, otherwise in
/// turns; a designed card where nothing is left.
struct VisualPlanner {
    /// A scene that needs a picture.
    struct Need {
        /// What is said, and what a text provider would like to see.
        var words: String
        /// The card's words where it becomes a card.
        var caption: String
        /// How long it is likely to last, in milliseconds.
        var durationMs: Int
    }

    /// More than the guess, since the voice may be slower: the film takes what it needs.
    private static let spareMs = 600

    private let photos: [MediaItem]
    private let clips: [MediaItem]

    init(_ media: [MediaItem]) {
        photos = media.filter { $0.kind == .photo }
        clips = media.filter { $0.kind == .clip }
    }

    /// A picture for each scene, in order.
    func visuals(_ needs: [Need]) -> [Visual] {
        var reel = ClipReel(clips)
        var chosen = matched(needs)
        spread(&chosen)
        let pace = pace(needs, chosen, reel)
        var used: [String: Int] = [:]
        for photo in chosen.compactMap(\.self) { used[photo.id, default: 0] += 1 }
        var visuals: [Visual] = []
        for (index, need) in needs.enumerated() {
            if let photo = chosen[index] {
                visuals.append(.photo(photo.id))
            } else if let part = clip(for: need, pace: pace, &reel) {
                visuals.append(.clip(part.assetID, from: part.startMs, to: part.endMs))
            } else if let photo = again(
                used, after: visuals.last, before: index + 1 < needs.count ? chosen[index + 1] : nil)
            {
                used[photo.id, default: 0] += 1
                visuals.append(.photo(photo.id))
            } else {
                visuals.append(.card(need.caption, style: .statement))
            }
        }
        return visuals
    }

    /// Photographs whose names share words with a scene, each once, the best match first.
    private func matched(_ needs: [Need]) -> [MediaItem?] {
        var chosen = [MediaItem?](repeating: nil, count: needs.count)
        let pairs = photos.enumerated().flatMap { order, photo in
            needs.enumerated().map { index, need in
                (score: Self.score(photo.filename, need.words), order: order, index: index)
            }
        }
        var placed: Set<Int> = []
        for pair in pairs.sorted(by: { ($1.score, $0.index, $0.order) < ($0.score, $1.index, $1.order) })
        where pair.score > 0 && chosen[pair.index] == nil && !placed.contains(pair.order) {
            chosen[pair.index] = photos[pair.order]
            placed.insert(pair.order)
        }
        return chosen
    }

    /// Puts the other photographs at even distances among the free scenes, so that videos and photographs alternate.
    private func spread(_ chosen: inout [MediaItem?]) {
        let placed = Set(chosen.compactMap { $0?.id })
        let others = photos.filter { !placed.contains($0.id) }
        let free = chosen.indices.filter { chosen[$0] == nil }
        // Where there are videos, at least every second free scene is left to them.
        let room = clips.isEmpty ? free.count : (free.count + 1) / 2
        let count = min(others.count, room)
        for (number, photo) in others.prefix(count).enumerated() {
            chosen[free[(2 * number + 1) * free.count / (2 * count)]] = photo
        }
    }

    /// The next part of the video whose name fits best, else of the one with the most left.
    private func clip(for need: Need, pace: Double, _ reel: inout ClipReel) -> ClipReel.Part? {
        let order = clips.filter { reel.left($0.id) > 0 }.sorted {
            let (first, second) = (Self.score($0.filename, need.words), Self.score($1.filename, need.words))
            return first != second ? first > second : reel.left($0.id) > reel.left($1.id)
        }
        let wanted = Int(Double(need.durationMs + Self.spareMs) * pace)
        for clip in order {
            if let part = reel.take(clip.id, wantedMs: wanted) { return part }
        }
        return nil
    }

    /// How much of its length each scene may have of the videos, so that what there is reaches for all: 1 or less.
    private func pace(_ needs: [Need], _ chosen: [MediaItem?], _ reel: ClipReel) -> Double {
        let wanted = zip(needs, chosen).reduce(0) { $1.1 == nil ? $0 + $1.0.durationMs + Self.spareMs : $0 }
        let left = clips.reduce(0) { $0 + reel.left($1.id) }
        return wanted == 0 ? 1 : min(1, max(0.7, Double(left) / Double(wanted)))
    }

    /// A photograph for the second time: the one least used, never beside itself.
    private func again(_ used: [String: Int], after before: Visual?, before next: MediaItem?) -> MediaItem? {
        photos.filter { $0.id != before?.assetId && $0.id != next?.id }
            .min { used[$0.id, default: 0] < used[$1.id, default: 0] }
    }

    /// How many words of a file name are spoken of; words of three letters and more, endings apart.
    static func score(_ filename: String, _ words: String) -> Int {
        let stem = filename.split(separator: ".").dropLast().joined(separator: " ")
        let names = Set(tokens(stem.isEmpty ? filename : stem)).subtracting([
            "img", "dsc", "photo", "video", "clip", "final",
        ])
        let spoken = tokens(words)
        return names.count { name in
            spoken.contains {
                $0 == name || (min($0.count, name.count) >= 4 && ($0.hasPrefix(name) || name.hasPrefix($0)))
            }
        }
    }

    private static func tokens(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter }.map(String.init).filter { $0.count >= 3 }
    }
}
