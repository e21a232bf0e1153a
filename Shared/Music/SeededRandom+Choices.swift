internal import Primitives

extension SeededRandom {
    /// One of a list that is not empty.
    mutating func pick<T>(_ list: [T]) -> T { list[Int(next() % UInt64(list.count))] }

    /// From −1 to 1.
    mutating func swing() -> Double { Double(next() >> 11) / Double(1 << 52) - 1 }
}
