internal import FoundationEssentials

/// The functions that an ELF file names in its table of symbols: also those that it does not export.
struct SymbolTable {
    private struct Function {
        let start: UInt64
        let size: UInt64
        let name: Int
    }

    private let file: Data
    private let functions: [Function]

    /// Of a 64-bit little-endian file; `nil` where it cannot be read, or its symbols were stripped.
    init?(path: String) {
        guard let file = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped),
            file.number(0, as: UInt32.self) == 0x464C_457F, let sections = file.number(0x28, as: UInt64.self),
            let count = file.number(0x3C, as: UInt16.self)
        else { return nil }
        let headers = (0..<Int(count)).map { Int(clamping: sections) + $0 * 64 }
        guard let table = headers.first(where: { file.number($0 + 4, as: UInt32.self) == 2 }),
            let start = file.number(table + 24, as: UInt64.self), let size = file.number(table + 32, as: UInt64.self),
            let link = file.number(table + 40, as: UInt32.self), link < count,
            let names = file.number(headers[Int(link)] + 24, as: UInt64.self)
        else { return nil }
        let entries = (0..<Int(clamping: size) / 24).map { Int(clamping: start) + $0 * 24 }
        functions = entries.compactMap { entry in
            // 2: a function.
            guard let kind = file.number(entry + 4, as: UInt8.self), kind & 15 == 2,
                let name = file.number(entry, as: UInt32.self), let start = file.number(entry + 8, as: UInt64.self),
                let size = file.number(entry + 16, as: UInt64.self), start > 0, size > 0
            else { return nil }
            return Function(start: start, size: size, name: Int(clamping: names) + Int(name))
        }.sorted { $0.start < $1.start }
        self.file = file
    }

    /// The function that holds an address, as its symbol is spelled.
    func name(at address: UInt64) -> String? {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address - functions[low - 1].start < functions[low - 1].size else { return nil }
        return file.text(functions[low - 1].name)
    }

    /// Where the first function is whose symbol begins so.
    func addresses(of prefix: String) -> Range<UInt64>? {
        let wanted = Array(prefix.utf8)
        return functions.first { file.dropFirst($0.name).starts(with: wanted) }.map { $0.start..<$0.start + $0.size }
    }
}

extension Data {
    /// A number as the file has it; `nil` past its end.
    fileprivate func number<T: FixedWidthInteger>(_ offset: Int, as: T.Type) -> T? {
        guard offset >= 0, offset <= count - MemoryLayout<T>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
    }

    /// The bytes up to the next zero.
    fileprivate func text(_ offset: Int) -> String {
        String(decoding: dropFirst(offset).prefix { $0 != 0 }, as: UTF8.self)
    }
}
