// Every loop of CMontage with sizes and places that a film never has. Built by scripts/sanitize.
#include "CMontage.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 5}, {7, 3}, {33, 17}, {64, 36}, {101, 57}, {640, 360}};
enum { count = sizeof sizes / sizeof *sizes };

static void windows(const cm_picture *to, const cm_picture *from) {
    double w = from->width, h = from->height;
    double places[][4] = {{0, 0, w, h},
                          {-3.3, -7.7, w * 1.5, h * 2},
                          {w * 0.4, h * 0.4, w * 0.2, h * 0.2},
                          {w - 0.5, h - 0.5, 0.5, 0.5},
                          {0, 0, w * 40, h * 40}};
    cm_resampler *resampler = cm_resampler_create(to->width, to->height);
    for (int place = 0; place < 5; place++)
        for (int filter = 0; filter < 3; filter++)
            cm_resample(resampler, to, from, places[place][0], places[place][1], places[place][2], places[place][3],
                        filter == 2 ? 1 : filter / 3.0, filter == 2 ? 0 : 0.4, filter == 2);
    cm_resampler_destroy(resampler);
}

static void colours(const cm_picture *picture) {
    cm_grade grade = {.uu = 4300, .vv = 4300, .yu = -470, .yv = -850, .u_offset = -2, .v_offset = 2};
    for (int value = 0; value < 256; value++) grade.luma[value] = (uint8_t)value;
    cm_sharpen(picture, 200);
    cm_tint(picture, 40, 128, 128, 77);
    cm_apply_grade(picture, &grade);
    cm_picture turned;
    cm_picture_allocate(&turned, picture->height, picture->width);
    cm_rotate(&turned, picture, 90);
    cm_rotate(&turned, picture, 270);
    cm_picture_release(&turned);
    cm_picture_allocate(&turned, picture->width, picture->height);
    cm_rotate(&turned, picture, 180);
    cm_blend(&turned, &turned, picture, 99);
    uint16_t *weights = calloc(picture->width + 2, sizeof *weights);
    cm_wipe(&turned, picture, &turned, weights);
    free(weights);
    cm_picture_release(&turned);
}

static void overlays(const cm_picture *to, const cm_picture *from) {
    uint8_t *pixels = calloc((size_t)from->width * from->height, 4);
    cm_picture_to_bgra(from, pixels, from->width * 4);
    if (from->width % 2 == 0 && from->height % 2 == 0) {
        cm_overlay overlay;
        cm_overlay_allocate(&overlay, pixels, from->width * 4, from->width, from->height);
        int columns[] = {-1000, -14, 0, 4, to->width - 2, to->width + 10};
        double rows[] = {-1000, -3.7, 0, 0.5, to->height - 1.2, to->height + 4};
        for (int x = 0; x < 6; x++)
            for (int y = 0; y < 6; y++)
                cm_overlay_draw(to, &overlay, columns[x], rows[y], 200, y == 2 ? from->width / 2 : from->width);
        cm_overlay_release(&overlay);
    }
    free(pixels);
    cm_mean_luma(to);
}

static void sound(size_t frames) {
    float *samples = calloc(2 * frames + 2, sizeof *samples), *sum = calloc(2 * frames + 2, sizeof *sum);
    float *curve = calloc(frames / 480 + 3, sizeof *curve);
    for (size_t i = 0; i < 2 * frames; i++) samples[i] = sinf((float)i * 0.31f) * 3;
    if (frames) cm_limit(samples, frames, 48000, 0.8);
    cm_high_pass(samples, frames, 48000, 80);
    cm_compress(samples, frames, 48000, -24, 2, 5, 100);
    cm_rms(samples, frames);
    cm_add(sum, samples, frames, 0.5);
    cm_add_curve(sum, samples, frames, curve, 480);
    cm_scale(sum, frames, 2);
    free(samples);
    free(sum);
    free(curve);
}

int main(void) {
    for (int a = 0; a < count; a++) {
        for (int b = 0; b < count; b++) {
            cm_picture from, to;
            cm_picture_allocate(&from, sizes[a][0], sizes[a][1]);
            cm_picture_allocate(&to, sizes[b][0], sizes[b][1]);
            windows(&to, &from);
            colours(&from);
            overlays(&to, &from);
            cm_picture_release(&from);
            cm_picture_release(&to);
        }
    }
    size_t lengths[] = {0, 1, 5, 239, 240, 241, 481, 1000, 48000};
    for (int i = 0; i < 9; i++) sound(lengths[i]);
    puts("sanitizers: the montage's loops are clean");
    return 0;
}
