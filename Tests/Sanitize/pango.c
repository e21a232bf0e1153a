// The face of pango and cairo: canvases of odd sizes, blurs wider than the canvas, texts that no font has. Built by
// scripts/sanitize.
#include "CPango.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cp_stop stops[] = {{0, {1, 0, 0, 1}}, {1, {0, 0, 1, 0.2}}};

int main(void) {
    int sizes[][2] = {{1, 1}, {1, 40}, {33, 17}, {320, 180}};
    const char *texts[] = {"", "A day by the sea", "\xf3\xb0\x80\x80 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "one\ntwo\n\nfour"};
    for (int i = 0; i < 4; i++) {
        int width = sizes[i][0], height = sizes[i][1];
        cp_canvas *canvas = cp_canvas_create(width, height), *small = cp_canvas_create(3, 5);
        for (int mode = cp_over; mode <= cp_add; mode++) {
            cp_canvas_mode(canvas, (cp_mode)mode);
            cp_fill_linear(canvas, 0, 0, width, height, stops, 2);
            cp_fill_radial(canvas, width / 2.0, height / 2.0, width, 0.5, stops, 2);
            cp_fill_rounded(canvas, -5, -5, width + 10, height / 2.0, 100, stops[1].colour);
            cp_stroke_circle(canvas, 0, 0, width, 3, stops[0].colour);
            cp_draw_canvas(canvas, small, -2, -2, width * 2, height * 2, 0.5);
        }
        double deviations[] = {0, 0.4, 3, 500};
        for (int d = 0; d < 4; d++)
            for (int opaque = 0; opaque < 2; opaque++) cp_blur(canvas, deviations[d], opaque);
        for (int t = 0; t < 4; t++) {
            cp_style style = {"Inter", 20, 400 + 100 * t, t & 1, 0.02, 1.2, (cp_alignment)(t % 3), t ? 60 : 0};
            cp_text *text = cp_text_create(texts[t], &style);
            double w, h, baseline;
            int lines;
            cp_text_size(text, &w, &h, &lines, &baseline);
            cp_text_unknown(text);
            cp_text_draw(canvas, text, -3, height / 2.0, stops[0].colour);
            cp_text_destroy(text);
        }
        // Every pixel of it belongs to us.
        memset(cp_canvas_pixels(canvas), 7, (size_t)cp_canvas_stride(canvas) * height);
        cp_canvas_touched(canvas);
        cp_canvas_destroy(small);
        cp_canvas_destroy(canvas);
    }
    if (cp_canvas_create(100000, 100000)) return 1;
    cp_canvas_destroy(NULL);
    cp_text_destroy(NULL);
    puts("sanitizers: type and drawing are clean");
    return 0;
}
