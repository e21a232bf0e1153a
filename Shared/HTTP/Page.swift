/// A page of a list: `{"items": […], "nextCursor": …}`.
public struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    /// What the page holds, in the order of the list.
    public let items: [Item]
    /// What to give as `cursor` for the next page; `null` at the end.
    public let nextCursor: String?

    /// A page that was cut elsewhere.
    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Cuts a page from up to `limit + 1` items: the one too many shows that there are more.
    public init(_ found: [Item], limit: Int, cursor: (Item) -> String) {
        items = Array(found.prefix(limit))
        nextCursor = found.count > limit ? items.last.map(cursor) : nil
    }

    /// The same from what is stored, of which each item is a view.
    public init<Stored>(_ found: [Stored], limit: Int, cursor: (Stored) -> String, view: (Stored) throws -> Item)
        rethrows
    {
        items = try found.prefix(limit).map(view)
        nextCursor = found.count > limit ? found.prefix(limit).last.map(cursor) : nil
    }

    private enum CodingKeys: String, CodingKey { case items, nextCursor }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

extension HTTPRequest {
    /// The `limit` of a list request: 1 to 100, 20 where absent.
    /// - Throws: ``Problem`` 400 for anything else.
    public func pageLimit() throws -> Int { try query.int("limit", default: 20, in: 1...100) }
}
