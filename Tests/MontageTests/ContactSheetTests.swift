import Montage
import TestKit
import Testing

@Suite("Contact sheet") struct ContactSheetTests {
    @Test("A JPEG of the film's moments")
    func sheet() throws {
        let folder = try TemporaryFolder("sheet")
        let sheet = ContactSheet(columns: 4, rows: 3, width: 240)
        try sheet.draw(film: TestMedia.film, output: folder.file("sheet.jpg"))
        let probe = try Command.run(
            "ffprobe",
            [
                "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0",
                folder.file("sheet.jpg"),
            ])
        #expect(probe == "mjpeg,1000,512" || probe.hasPrefix("mjpeg,10"))
    }
}
