internal import FoundationEssentials
public import HTTP
internal import NetworkClient

/// A part that is stored of an object that is not whole.
public struct ObjectPart: Sendable, Hashable {
    /// From 1 to 10,000; the parts of an object are put together in the order of their numbers, which may have gaps.
    public let number: Int
    /// What the store said of it.
    public let tag: String

    /// - Parameter number: from 1 to 10,000.
    public init(number: Int, tag: String) {
        self.number = number
        self.tag = tag
    }
}

/// Objects that come in parts: S3's multipart upload. Parts are seen by nobody before the last step.
extension S3Store {
    /// Stores a part of a file as an object; replaces what was there.
    /// - Throws: ``ObjectStoreError``.
    public func put(_ content: FileRegion, as key: String, contentType: String) async throws {
        _ = try await send(.PUT, key, headers: ["Content-Type": contentType], body: .file(content))
    }

    /// Announces an object that comes in parts.
    /// - Returns: the store's id for the upload.
    /// - Throws: ``ObjectStoreError``.
    public func beginParts(of key: String, contentType: String) async throws -> String {
        let started = try await send(.POST, key, query: [("uploads", "")], headers: ["Content-Type": contentType])
        guard let id = try await xml(started).element("UploadId") else {
            throw ObjectStoreError(.unavailable, "no upload id")
        }
        return id
    }

    /// Stores one part; replaces the part that had its number.
    /// - Parameter content: at least 5 MiB, but for the last part.
    /// - Throws: ``ObjectStoreError`` `notFound` where the upload was ended.
    public func putPart(_ content: FileRegion, of key: String, upload id: String, number: Int) async throws
        -> ObjectPart
    {
        let query = [("partNumber", String(number)), ("uploadId", id)]
        let answer = try await send(.PUT, key, query: query, body: .file(content))
        guard let tag = answer.headers["ETag"] else { throw ObjectStoreError(.unavailable, "no entity tag") }
        return ObjectPart(number: number, tag: tag)
    }

    /// Makes the object of its parts, those that are named and no others. May be done again.
    /// - Parameter size: of all parts, bytes.
    /// - Throws: ``ObjectStoreError``.
    public func completeParts(_ parts: [ObjectPart], of key: String, upload id: String, size: Int64) async throws {
        let list = parts.map {
            "<Part><PartNumber>\($0.number)</PartNumber><ETag>\(S3XML.escape($0.tag))</ETag></Part>"
        }
        let body = Data("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>".utf8)
        do {
            let answer = try await send(
                .POST, key, query: [("uploadId", id)], headers: ["Content-Type": "application/xml"], body: .data(body),
                timeout: .seconds(300))
            // The answer begins before the store is done, so its status may say 200 while its content says otherwise.
            if let code = try await xml(answer).elements("Error").first?.element("Code") {
                throw ObjectStoreError(.unavailable, code)
            }
        } catch let error as ObjectStoreError where error.code == .notFound {
            // It was done before and the answer to it got lost; or somebody took it away.
            if try await info(key)?.size == size { return }
            throw ObjectStoreError(.unavailable, error.detail)
        }
    }

    /// Takes away what came of an object that will not be whole. That it is not there is no error.
    /// - Throws: ``ObjectStoreError``.
    public func endParts(of key: String, upload id: String) async throws {
        do {
            _ = try await send(.DELETE, key, query: [("uploadId", id)])
        } catch let error as ObjectStoreError where error.code == .notFound {}
    }

    func upload(_ path: String, size: Int64, key: String, contentType: String) async throws {
        let id = try await beginParts(of: key, contentType: contentType)
        do {
            var parts: [ObjectPart] = []
            var offset: Int64 = 0
            while offset < size {
                let region = FileRegion(path: path, offset: offset, length: min(configuration.partBytes, size - offset))
                parts.append(try await putPart(region, of: key, upload: id, number: parts.count + 1))
                offset += region.length
            }
            try await completeParts(parts, of: key, upload: id, size: size)
        } catch {
            // Parts that stay cost money. Where this fails as well, `sweepUnfinished` comes upon them.
            await Task.detached { [self] in try? await endParts(of: key, upload: id) }.value
            throw error
        }
    }
}
