#include "CPango.h"
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

struct cp_canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    int width, height;
};

struct cp_text {
    cairo_surface_t *surface; // none is drawn on: the layout's context only
    cairo_t *cairo;
    PangoLayout *layout;
};

cp_canvas *cp_canvas_create(int width, int height) {
    cp_canvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas) return NULL;
    canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    if (cairo_surface_status(canvas->surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(canvas->surface);
        free(canvas);
        return NULL;
    }
    canvas->cairo = cairo_create(canvas->surface);
    canvas->width = width;
    canvas->height = height;
    return canvas;
}

void cp_canvas_destroy(cp_canvas *canvas) {
    if (!canvas) return;
    cairo_destroy(canvas->cairo);
    cairo_surface_destroy(canvas->surface);
    free(canvas);
}

uint8_t *cp_canvas_pixels(cp_canvas *canvas) {
    cairo_surface_flush(canvas->surface);
    return cairo_image_surface_get_data(canvas->surface);
}

int cp_canvas_stride(const cp_canvas *canvas) { return cairo_image_surface_get_stride(canvas->surface); }

void cp_canvas_touched(cp_canvas *canvas) { cairo_surface_mark_dirty(canvas->surface); }

void cp_canvas_mode(cp_canvas *canvas, cp_mode mode) {
    static const cairo_operator_t operators[] = {CAIRO_OPERATOR_OVER,       CAIRO_OPERATOR_SCREEN,
                                                 CAIRO_OPERATOR_MULTIPLY,   CAIRO_OPERATOR_SOFT_LIGHT,
                                                 CAIRO_OPERATOR_OVERLAY,    CAIRO_OPERATOR_ADD};
    cairo_set_operator(canvas->cairo, operators[mode]);
}

static void paint(cp_canvas *canvas, cairo_pattern_t *pattern, const cp_stop *stops, int count) {
    for (int i = 0; i < count; i++)
        cairo_pattern_add_color_stop_rgba(pattern, stops[i].offset, stops[i].colour.red, stops[i].colour.green,
                                          stops[i].colour.blue, stops[i].colour.alpha);
    cairo_set_source(canvas->cairo, pattern);
    cairo_paint(canvas->cairo);
    cairo_pattern_destroy(pattern);
}

void cp_fill_linear(cp_canvas *canvas, double x0, double y0, double x1, double y1, const cp_stop *stops, int count) {
    paint(canvas, cairo_pattern_create_linear(x0, y0, x1, y1), stops, count);
}

void cp_fill_radial(cp_canvas *canvas, double x, double y, double radius, double squeeze, const cp_stop *stops,
                    int count) {
    cairo_pattern_t *pattern = cairo_pattern_create_radial(0, 0, 0, 0, 0, radius);
    cairo_matrix_t matrix;
    cairo_matrix_init_scale(&matrix, 1, 1 / squeeze);
    cairo_matrix_translate(&matrix, -x, -y);
    cairo_pattern_set_matrix(pattern, &matrix);
    paint(canvas, pattern, stops, count);
}

static void source(cp_canvas *canvas, cp_colour colour) {
    cairo_set_source_rgba(canvas->cairo, colour.red, colour.green, colour.blue, colour.alpha);
}

void cp_fill_rounded(cp_canvas *canvas, double x, double y, double width, double height, double radius,
                     cp_colour colour) {
    cairo_t *cairo = canvas->cairo;
    double limit = (width < height ? width : height) / 2, r = radius < limit ? radius : limit;
    source(canvas, colour);
    cairo_new_path(cairo);
    cairo_arc(cairo, x + width - r, y + r, r, -G_PI_2, 0);
    cairo_arc(cairo, x + width - r, y + height - r, r, 0, G_PI_2);
    cairo_arc(cairo, x + r, y + height - r, r, G_PI_2, G_PI);
    cairo_arc(cairo, x + r, y + r, r, G_PI, 3 * G_PI_2);
    cairo_close_path(cairo);
    cairo_fill(cairo);
}

void cp_stroke_circle(cp_canvas *canvas, double x, double y, double radius, double width, cp_colour colour) {
    source(canvas, colour);
    cairo_set_line_width(canvas->cairo, width);
    cairo_new_path(canvas->cairo);
    cairo_arc(canvas->cairo, x, y, radius, 0, 2 * G_PI);
    cairo_stroke(canvas->cairo);
}

void cp_draw_canvas(cp_canvas *canvas, cp_canvas *from, double x, double y, double width, double height,
                    double opacity) {
    cairo_t *cairo = canvas->cairo;
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_scale(cairo, width / from->width, height / from->height);
    cairo_set_source_surface(cairo, from->surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_GOOD);
    // Beyond its edge the picture goes on, or a stretched picture would have a transparent rim.
    cairo_pattern_set_extend(cairo_get_source(cairo), CAIRO_EXTEND_PAD);
    cairo_rectangle(cairo, 0, 0, from->width, from->height);
    cairo_clip(cairo);
    cairo_paint_with_alpha(cairo, opacity);
    cairo_restore(cairo);
}

// One box blur along a line of pixels that lie `step` bytes apart.
static void box(uint8_t *line, int count, int step, int radius, int opaque, uint8_t *copy) {
    int span = 2 * radius + 1;
    for (int i = 0; i < count; i++) memcpy(copy + 4 * i, line + (size_t)i * step, 4);
    for (int channel = 0; channel < 4; channel++) {
        int first = opaque ? copy[channel] : 0, last = opaque ? copy[4 * (count - 1) + channel] : 0, sum = 0;
        for (int i = -radius; i <= radius; i++) sum += i < 0 ? first : i < count ? copy[4 * i + channel] : last;
        for (int i = 0; i < count; i++) {
            line[(size_t)i * step + channel] = (uint8_t)((sum + span / 2) / span);
            int leaves = i - radius, enters = i + radius + 1;
            sum -= leaves < 0 ? first : copy[4 * leaves + channel];
            sum += enters < count ? copy[4 * enters + channel] : last;
        }
    }
}

void cp_blur(cp_canvas *canvas, double deviation, int opaque) {
    uint8_t *pixels = cp_canvas_pixels(canvas);
    int stride = cp_canvas_stride(canvas), width = canvas->width, height = canvas->height;
    // Three boxes of radius r have the deviation of a Gaussian of sqrt((2r + 1)^2 - 1) / 2.
    int radius = (int)((sqrt(4 * deviation * deviation + 1) - 1) / 2 + 0.5);
    uint8_t *copy = malloc((size_t)(width > height ? width : height) * 4);
    if (radius > 0 && copy) {
        for (int pass = 0; pass < 3; pass++) {
            for (int row = 0; row < height; row++) box(pixels + (size_t)row * stride, width, 4, radius, opaque, copy);
            for (int column = 0; column < width; column++)
                box(pixels + 4 * column, height, stride, radius, opaque, copy);
        }
    }
    free(copy);
    cp_canvas_touched(canvas);
}

cp_text *cp_text_create(const char *utf8, const cp_style *style) {
    cp_text *text = calloc(1, sizeof *text);
    if (!text) return NULL;
    text->surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    text->cairo = cairo_create(text->surface);
    cairo_font_options_t *options = cairo_font_options_create();
    // Outlines as designed: hinting would make moving text swim.
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(text->cairo, options);
    cairo_font_options_destroy(options);
    text->layout = pango_cairo_create_layout(text->cairo);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, style->family);
    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    pango_font_description_set_weight(font, (PangoWeight)style->weight);
    pango_font_description_set_style(font, style->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_layout_set_font_description(text->layout, font);
    pango_font_description_free(font);
    PangoAttrList *attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes,
                           pango_attr_letter_spacing_new((int)(style->spacing * style->size * PANGO_SCALE)));
    pango_layout_set_attributes(text->layout, attributes);
    pango_attr_list_unref(attributes);
    pango_layout_set_line_spacing(text->layout, (float)style->line_height);
    static const PangoAlignment alignments[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
    pango_layout_set_alignment(text->layout, alignments[style->alignment]);
    if (style->width > 0) {
        pango_layout_set_width(text->layout, (int)(style->width * PANGO_SCALE));
        pango_layout_set_wrap(text->layout, PANGO_WRAP_WORD_CHAR);
    }
    pango_layout_set_text(text->layout, utf8, -1);
    return text;
}

void cp_text_destroy(cp_text *text) {
    if (!text) return;
    g_object_unref(text->layout);
    cairo_destroy(text->cairo);
    cairo_surface_destroy(text->surface);
    free(text);
}

void cp_text_size(cp_text *text, double *width, double *height, int *lines, double *baseline) {
    PangoRectangle logical;
    pango_layout_get_extents(text->layout, NULL, &logical);
    *width = (double)logical.width / PANGO_SCALE;
    *height = (double)logical.height / PANGO_SCALE;
    *lines = pango_layout_get_line_count(text->layout);
    *baseline = (double)pango_layout_get_baseline(text->layout) / PANGO_SCALE;
}

int cp_text_unknown(cp_text *text) { return pango_layout_get_unknown_glyphs_count(text->layout); }

void cp_text_draw(cp_canvas *canvas, cp_text *text, double x, double y, cp_colour colour) {
    source(canvas, colour);
    cairo_move_to(canvas->cairo, x, y);
    pango_cairo_show_layout(canvas->cairo, text->layout);
}
