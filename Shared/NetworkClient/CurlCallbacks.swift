internal import CCurl

// Called by curl on its thread; the context is the `Transfer`, which `CurlLoop` keeps while the handle is in use.

func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

/// A line of the answer's head.
func curlHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes else { return 0 }
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
    transfer(context)?.received(headerLine: line)
    return size * count
}

/// Content of the answer.
func curlWrite(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let transfer = transfer(context) else { return 0 }
    let isTaken = transfer.received(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return isTaken ? size * count : ATELIER_CURL_WRITE_PAUSE
}

/// Content of the request is wanted.
func curlRead(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let transfer = transfer(context) else { return ATELIER_CURL_READ_ABORT }
    return transfer.fill(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

/// Content of the request is wanted again from an offset.
func curlSeek(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard origin == 0, let transfer = transfer(context), transfer.seek(Int64(offset)) else {
        return ATELIER_CURL_SEEK_CANNOT
    }
    return ATELIER_CURL_SEEK_OK
}
