extension Timeline {
    /// Checks every rule and names all faults at once.
    /// - Throws: ``TimelineError``.
    public func validate() throws(TimelineError) {
        let problems = self.problems
        if !problems.isEmpty { throw TimelineError(problems: problems) }
    }

    /// Everything that is wrong with the timeline, in the order of its members; empty where it can be rendered.
    public var problems: [TimelineError.Problem] {
        var check = Checker()
        check(TimelineLimits.side.contains(width) && width.isMultiple(of: 2), "width", "must be even and 240 to 2160")
        check(
            TimelineLimits.side.contains(height) && height.isMultiple(of: 2), "height", "must be even and 240 to 2160")
        check(TimelineLimits.fps.contains(fps), "fps", "must be 12 to 60")
        check.text(title, "title")
        check(TimelineLimits.scenes.contains(scenes.count), "scenes", "must be 1 to 200")
        var end = 0
        var ids: Set<String> = []
        for (index, scene) in scenes.prefix(TimelineLimits.scenes.upperBound).enumerated() {
            let path = "scenes[\(index)]"
            check(!scene.id.isEmpty && ids.insert(scene.id).inserted, "\(path).id", "must be unique and not empty")
            check(scene.startMs == end, "\(path).startMs", "must be \(end), where the scene before ends")
            check(TimelineLimits.sceneMs.contains(scene.durationMs), "\(path).durationMs", "must be 400 to 600000")
            // Bounded before it is added to: a stranger's numbers must not overflow.
            end = scene.startMs == end && TimelineLimits.sceneMs.contains(scene.durationMs) ? scene.endMs : end
            check.visual(scene.visual, index: index, of: scenes.count, "\(path).visual")
            check.sound(scene, path)
            if let transition = scene.transition {
                check.transition(transition, index > 0 ? scenes[index - 1] : nil, scene, "\(path).transition")
            }
            if let lowerThird = scene.lowerThird {
                check.text(lowerThird.title, "\(path).lowerThird.title")
                if let subtitle = lowerThird.subtitle { check.text(subtitle, "\(path).lowerThird.subtitle") }
            }
        }
        check(end <= TimelineLimits.filmMs.upperBound, "scenes", "must last 30 minutes at most")
        if let music {
            check(!music.assetId.isEmpty, "music.assetId", "must not be empty")
            check(TimelineLimits.musicDb.contains(music.gainDb ?? 0), "music.gainDb", "must be -40 to 12")
        }
        check.captions(captions, filmMs: end)
        return check.problems
    }
}

/// Collects what is wrong.
private struct Checker {
    var problems: [TimelineError.Problem] = []

    mutating func callAsFunction(_ isRight: Bool, _ path: String, _ reason: @autoclosure () -> String) {
        // Bounded: a timeline of 5,000 wrong captions needs no 5,000 sentences.
        if !isRight, problems.count < 20 { problems.append(.init(path: path, reason: reason())) }
    }

    mutating func text(_ text: String, _ path: String) {
        let isBlank = text.allSatisfy(\.isWhitespace)
        self(!isBlank && TimelineLimits.text.contains(text.count), path, "must be 1 to 300 characters, not blank")
    }

    mutating func visual(_ visual: Visual, index: Int, of count: Int, _ path: String) {
        switch visual.kind {
        case .photo:
            self(visual.assetId?.isEmpty == false, "\(path).assetId", "is missing: a photo needs one")
        case .clip:
            self(visual.assetId?.isEmpty == false, "\(path).assetId", "is missing: a clip needs one")
            let start = visual.startMs ?? -1
            self(start >= 0, "\(path).startMs", "must be 0 or more: a clip needs one")
            self((visual.endMs ?? -1) > start, "\(path).endMs", "must be greater than startMs: a clip needs one")
        case .card:
            if let words = visual.text {
                text(words, "\(path).text")
            } else {
                self(index == 0 || index == count - 1, "\(path).text", "is missing: a card within the film needs one")
            }
        }
        if let subtitle = visual.subtitle { text(subtitle, "\(path).subtitle") }
    }

    mutating func sound(_ scene: Scene, _ path: String) {
        self(
            TimelineLimits.soundDb.contains(scene.visual.soundDb ?? 0), "\(path).visual.soundDb", "must be -60 to 0")
        guard let voice = scene.voice else { return }
        self(!voice.assetId.isEmpty, "\(path).voice.assetId", "must not be empty")
        let span = 0...TimelineLimits.sceneMs.upperBound
        let isBounded = span.contains(voice.offsetMs) && span.contains(voice.durationMs)
        self(
            isBounded && voice.offsetMs + voice.durationMs <= scene.durationMs, "\(path).voice",
            "must begin and end within its scene, or words would be cut off")
    }

    mutating func transition(_ transition: Transition, _ before: Scene?, _ scene: Scene, _ path: String) {
        self(before != nil, path, "must be absent on the first scene")
        let shorter = min(before?.durationMs ?? scene.durationMs, scene.durationMs)
        self(
            TimelineLimits.transitionMs.contains(transition.durationMs) && transition.durationMs <= shorter / 2,
            "\(path).durationMs", "must be 40 to 3000 and at most half of either scene")
    }

    mutating func captions(_ cues: [Cue], filmMs: Int) {
        self(cues.count <= TimelineLimits.captions, "captions", "must be 5000 at most")
        var end = 0
        for (index, cue) in cues.prefix(TimelineLimits.captions).enumerated() {
            let path = "captions[\(index)]"
            text(cue.text, "\(path).text")
            self(cue.startMs >= end, "\(path).startMs", "must not be before the end of the caption before")
            self(cue.endMs > cue.startMs, "\(path).endMs", "must be after startMs")
            self(cue.endMs <= filmMs, "\(path).endMs", "must be within the film")
            end = max(end, cue.endMs)
        }
    }
}
