import Testing
import Titles

@Suite("Titles") struct TitlesTests {
    let look = Look.atelier

    @Test("The look's fonts are installed and set the scripts that people write in")
    func fonts() throws {
        for style in [look.title, look.statement, look.closing, look.kicker, look.caption, look.lowerTitle] {
            let layout = try TextLayout("Morgen · Ένα πρωί · Утро · صباح · בוקר · सुबह · เช้า · 朝 · 早晨 · 아침", style)
            #expect(layout.unknownCharacters == 0)
            #expect(layout.width > 100 && layout.lines == 1)
        }
    }

    @Test("Text too long for its lines is set smaller, down to a limit")
    func fitting() throws {
        let long = "A title that is a good deal longer than any title has a right to be, and goes on"
        let layout = try TextLayout.fitting(long, look.title, wrap: 1600, lines: 2)
        #expect(layout.lines <= 2 && layout.width <= 1600)
    }

    @Test(
        "Captions stay within the safe margins in every shape", arguments: [(1920, 1080), (1080, 1920), (1080, 1080)])
    func margins(width: Int, height: Int) throws {
        let painter = CaptionPainter(look: look, width: width, height: height)
        let line = String(repeating: "wide ", count: painter.columns / 5)
        let caption = try painter.caption(line + "\n" + line)
        let halo = Int(18 * Look.unit(width: width, height: height))
        #expect(caption.x + halo >= Int(Double(width) * look.sideMargin) - 2)
        #expect(caption.y + caption.canvas.height < height)
        #expect(caption.canvas.width.isMultiple(of: 2) && caption.x.isMultiple(of: 2))
        // Even a line that nobody broke stays inside.
        let endless = try painter.caption(String(repeating: "endless ", count: 20))
        #expect(endless.x >= 0 && endless.canvas.width <= width)
    }

    @Test("A caption is bright words on a dark, see-through plate")
    func plate() throws {
        let caption = try CaptionPainter(look: look, width: 1920, height: 1080).caption("Hello, morning")
        var brightest: UInt8 = 0
        var solid = 0
        caption.canvas.withPixels { pixels, stride in
            for row in 0..<caption.canvas.height {
                for column in 0..<caption.canvas.width {
                    let pixel = pixels + row * stride + 4 * column
                    brightest = max(brightest, pixel[1])
                    solid += pixel[3] > 150 ? 1 : 0
                }
            }
            #expect(pixels[3] < 40)
        }
        #expect(brightest > 220)
        #expect(Double(solid) > 0.4 * Double(caption.canvas.width * caption.canvas.height))
    }

    @Test("A backdrop is never flat, with or without a picture, and the same for the same seed")
    func backdrop() throws {
        let painter = BackdropPainter(look: look)
        for seed in [UInt64(1), 2, 3] {
            let canvas = try painter.layers(picture: nil, width: 320, height: 180, seed: seed).near
            let again = try painter.layers(picture: nil, width: 320, height: 180, seed: seed).near
            var tones: Set<UInt8> = []
            canvas.withPixels { pixels, stride in
                again.withPixels { other, _ in
                    var same = true
                    for index in 0..<stride * 180 { same = same && pixels[index] == other[index] }
                    #expect(same)
                }
                for row in 0..<180 { for column in 0..<320 { tones.insert(pixels[row * stride + 4 * column + 1]) } }
            }
            #expect(tones.count > 40)
        }
    }

    @Test("Colours in BT.709 limited range")
    func colours() {
        #expect(Colour(0xFFFFFF).yuv == (235, 128, 128))
        #expect(Colour(0x000000).yuv == (16, 128, 128))
        #expect(Colour(0xFF0000).yuv == (63, 102, 240))
        // The dusk is above what a black detector calls black.
        #expect(look.dusk.yuv.y > 48)
    }
}
