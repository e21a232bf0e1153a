// A small face of pango and cairo: canvases of premultiplied BGRA, gradients, shapes, blur and text.
// No type of GLib or cairo shows, so Swift needs none of their include paths. Not for two threads at once on one canvas.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct cp_canvas cp_canvas;
typedef struct cp_text cp_text;

typedef struct {
    double red, green, blue, alpha; // 0 ... 1, not premultiplied
} cp_colour;

typedef struct {
    double offset; // 0 ... 1
    cp_colour colour;
} cp_stop;

typedef enum { cp_over, cp_screen, cp_multiply, cp_soft_light, cp_overlay, cp_add } cp_mode;
typedef enum { cp_left, cp_centre, cp_right } cp_alignment;

typedef struct {
    const char *family;
    double size;        // pixels of the em
    int weight;         // 100 ... 900
    int italic;
    double spacing;     // between letters, in em
    double line_height; // factor, 1 is the font's own
    cp_alignment alignment;
    double width;       // lines wrap here; 0 for never
} cp_style;

// A transparent canvas; NULL without memory or beyond cairo's limit.
cp_canvas *cp_canvas_create(int width, int height);
void cp_canvas_destroy(cp_canvas *canvas);
// The pixels, with everything drawn so far.
uint8_t *cp_canvas_pixels(cp_canvas *canvas);
int cp_canvas_stride(const cp_canvas *canvas);
// To be called after pixels were written from outside.
void cp_canvas_touched(cp_canvas *canvas);
// How what is drawn from now on meets what is there.
void cp_canvas_mode(cp_canvas *canvas, cp_mode mode);

void cp_fill_linear(cp_canvas *canvas, double x0, double y0, double x1, double y1, const cp_stop *stops, int count);
// `squeeze` is height to width of the ellipse.
void cp_fill_radial(cp_canvas *canvas, double x, double y, double radius, double squeeze, const cp_stop *stops,
                    int count);
void cp_fill_rounded(cp_canvas *canvas, double x, double y, double width, double height, double radius,
                     cp_colour colour);
void cp_stroke_circle(cp_canvas *canvas, double x, double y, double radius, double width, cp_colour colour);
// Draws another canvas, stretched to a rectangle.
void cp_draw_canvas(cp_canvas *canvas, cp_canvas *from, double x, double y, double width, double height,
                    double opacity);
// Three box blurs, near a Gaussian of this deviation in pixels. Edges repeat where `opaque`, else are transparent.
void cp_blur(cp_canvas *canvas, double deviation, int opaque);

// Lays out a text; NULL without memory. Families that lack a glyph are filled in by fontconfig.
cp_text *cp_text_create(const char *utf8, const cp_style *style);
void cp_text_destroy(cp_text *text);
// Size of the laid out lines in pixels, how many they are, and the first line's baseline from the top.
void cp_text_size(cp_text *text, double *width, double *height, int *lines, double *baseline);
// How many characters no font has.
int cp_text_unknown(cp_text *text);
void cp_text_draw(cp_canvas *canvas, cp_text *text, double x, double y, cp_colour colour);
