#include "CMontage.h"
#include "clones.h"
#include <stdlib.h>
#include <string.h>

static int half(int value) { return (value + 1) / 2; }
static int clip(int value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

int cm_picture_allocate(cm_picture *picture, int width, int height) {
    memset(picture, 0, sizeof *picture);
    picture->width = width;
    picture->height = height;
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(width) : width, rows = plane ? half(height) : height;
        picture->strides[plane] = (columns + 63) & ~63;
        // 64 bytes behind the end: vector loads may read over it.
        size_t size = (size_t)picture->strides[plane] * rows + 64;
        if (posix_memalign((void **)&picture->planes[plane], 64, size)) {
            picture->planes[plane] = NULL;
            cm_picture_release(picture);
            return -1;
        }
        memset(picture->planes[plane], plane ? 128 : 16, size);
    }
    return 0;
}

void cm_picture_release(cm_picture *picture) {
    for (int plane = 0; plane < 3; plane++) {
        free(picture->planes[plane]);
        picture->planes[plane] = NULL;
    }
}

void cm_picture_copy(const cm_picture *to, const cm_picture *from) {
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(to->width) : to->width, rows = plane ? half(to->height) : to->height;
        for (int row = 0; row < rows; row++)
            memcpy(to->planes[plane] + (size_t)row * to->strides[plane],
                   from->planes[plane] + (size_t)row * from->strides[plane], columns);
    }
}

CLONES static void blend_row(uint8_t *to, const uint8_t *a, const uint8_t *b, int count, int weight) {
    uint16_t second = weight, first = 256 - weight;
    for (int i = 0; i < count; i++) to[i] = (uint16_t)(a[i] * first + b[i] * second + 128) >> 8;
}

void cm_blend(const cm_picture *to, const cm_picture *a, const cm_picture *b, int weight) {
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(to->width) : to->width, rows = plane ? half(to->height) : to->height;
        for (int row = 0; row < rows; row++)
            blend_row(to->planes[plane] + (size_t)row * to->strides[plane],
                      a->planes[plane] + (size_t)row * a->strides[plane],
                      b->planes[plane] + (size_t)row * b->strides[plane], columns, weight);
    }
}

CLONES static void wipe_row(uint8_t *to, const uint8_t *a, const uint8_t *b, int count, const uint16_t *weights,
                            int step) {
    for (int i = 0; i < count; i++) {
        uint16_t second = weights[i * step], first = 256 - second;
        to[i] = (uint16_t)(a[i] * first + b[i] * second + 128) >> 8;
    }
}

void cm_wipe(const cm_picture *to, const cm_picture *a, const cm_picture *b, const uint16_t *weights) {
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(to->width) : to->width, rows = plane ? half(to->height) : to->height;
        for (int row = 0; row < rows; row++)
            wipe_row(to->planes[plane] + (size_t)row * to->strides[plane],
                     a->planes[plane] + (size_t)row * a->strides[plane],
                     b->planes[plane] + (size_t)row * b->strides[plane], columns, weights, plane ? 2 : 1);
    }
}

CLONES static void tint_row(uint8_t *row, int count, int colour, int weight) {
    uint16_t first = 256 - weight, second = colour * weight + 128;
    for (int i = 0; i < count; i++) row[i] = (uint16_t)(row[i] * first + second) >> 8;
}

void cm_tint(const cm_picture *picture, int y, int u, int v, int weight) {
    int colours[3] = {y, u, v};
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(picture->width) : picture->width;
        int rows = plane ? half(picture->height) : picture->height;
        for (int row = 0; row < rows; row++)
            tint_row(picture->planes[plane] + (size_t)row * picture->strides[plane], columns, colours[plane], weight);
    }
}

void cm_apply_grade(const cm_picture *picture, const cm_grade *grade) {
    int hasMatrix = grade->yu || grade->yv;
    for (int row = 0; row < picture->height; row++) {
        uint8_t *y = picture->planes[0] + (size_t)row * picture->strides[0];
        const uint8_t *u = picture->planes[1] + (size_t)(row / 2) * picture->strides[1];
        const uint8_t *v = picture->planes[2] + (size_t)(row / 2) * picture->strides[2];
        if (hasMatrix) {
            for (int i = 0; i < picture->width; i++) {
                int shift = (grade->yu * (u[i / 2] - 128) + grade->yv * (v[i / 2] - 128) + 2048) >> 12;
                y[i] = grade->luma[clip(y[i] + shift)];
            }
        } else {
            for (int i = 0; i < picture->width; i++) y[i] = grade->luma[y[i]];
        }
    }
    for (int row = 0; row < half(picture->height); row++) {
        uint8_t *u = picture->planes[1] + (size_t)row * picture->strides[1];
        uint8_t *v = picture->planes[2] + (size_t)row * picture->strides[2];
        for (int i = 0; i < half(picture->width); i++) {
            int a = u[i] - 128, b = v[i] - 128;
            u[i] = clip(128 + grade->u_offset + ((grade->uu * a + grade->uv * b + 2048) >> 12));
            v[i] = clip(128 + grade->v_offset + ((grade->vu * a + grade->vv * b + 2048) >> 12));
        }
    }
}

void cm_sharpen(const cm_picture *picture, int amount) {
    int width = picture->width, height = picture->height, stride = picture->strides[0];
    // Rows are read before they are written: the one above and the one here are kept.
    uint8_t *above = malloc(width), *here = malloc(width);
    if (above && here && width > 2 && height > 2) {
        memcpy(above, picture->planes[0], width);
        for (int row = 1; row + 1 < height; row++) {
            uint8_t *line = picture->planes[0] + (size_t)row * stride;
            const uint8_t *below = line + stride;
            memcpy(here, line, width);
            for (int i = 1; i + 1 < width; i++) {
                int soft = above[i - 1] + 2 * above[i] + above[i + 1] + 2 * here[i - 1] + 4 * here[i] +
                           2 * here[i + 1] + below[i - 1] + 2 * below[i] + below[i + 1];
                line[i] = clip(here[i] + (((16 * here[i] - soft) * amount + 2048) >> 12));
            }
            uint8_t *swap = above;
            above = here, here = swap;
        }
    }
    free(above);
    free(here);
}

void cm_rotate(const cm_picture *to, const cm_picture *from, int degrees) {
    for (int plane = 0; plane < 3; plane++) {
        int columns = plane ? half(to->width) : to->width, rows = plane ? half(to->height) : to->height;
        for (int row = 0; row < rows; row++) {
            uint8_t *out = to->planes[plane] + (size_t)row * to->strides[plane];
            for (int column = 0; column < columns; column++) {
                int x = degrees == 90 ? row : degrees == 180 ? columns - 1 - column : rows - 1 - row;
                int y = degrees == 90 ? columns - 1 - column : degrees == 180 ? rows - 1 - row : column;
                out[column] = from->planes[plane][(size_t)y * from->strides[plane] + x];
            }
        }
    }
}

double cm_mean_luma(const cm_picture *picture) {
    uint64_t sum = 0;
    for (int row = 0; row < picture->height; row++) {
        const uint8_t *y = picture->planes[0] + (size_t)row * picture->strides[0];
        uint32_t line = 0;
        for (int i = 0; i < picture->width; i++) line += y[i];
        sum += line;
    }
    return (double)sum / ((double)picture->width * picture->height);
}

// BT.709 (ITU-R BT.709-6, item 3.2 and 3.4), from 8-bit RGB to limited range.
static void to_yuv(float r, float g, float b, float *y, float *u, float *v) {
    float luma = 0.2126f * r + 0.7152f * g + 0.0722f * b;
    *y = luma * (219.0f / 255.0f);
    *u = (b - luma) / 1.8556f * (224.0f / 255.0f);
    *v = (r - luma) / 1.5748f * (224.0f / 255.0f);
}

// One chroma row of a BGRA picture: 1-2-1 across (left siting), the mean of two rows down.
static void chroma_at(const uint8_t *bgra, int stride, int width, int height, int column, int row, float *pixel) {
    for (int channel = 0; channel < 4; channel++) {
        float sum = 0;
        for (int dy = 0; dy < 2; dy++) {
            int y = 2 * row + dy < height ? 2 * row + dy : height - 1;
            const uint8_t *line = bgra + (size_t)y * stride;
            int x = 2 * column, before = x ? x - 1 : 0, after = x + 1 < width ? x + 1 : width - 1;
            sum += line[4 * before + channel] + 2.0f * line[4 * x + channel] + line[4 * after + channel];
        }
        pixel[channel] = sum / 8;
    }
}

// Black's offset counts as far as a pixel is opaque.
static void convert(const cm_picture *to, uint8_t *alpha, int alphaStride, uint8_t *alphaHalf, int alphaHalfStride,
                    const uint8_t *bgra, int stride) {
    for (int row = 0; row < to->height; row++) {
        const uint8_t *line = bgra + (size_t)row * stride;
        for (int i = 0; i < to->width; i++) {
            float y, u, v, a = alpha ? line[4 * i + 3] : 255;
            to_yuv(line[4 * i + 2], line[4 * i + 1], line[4 * i], &y, &u, &v);
            to->planes[0][(size_t)row * to->strides[0] + i] = clip((int)(y + 16 * a / 255 + 0.5f));
            if (alpha) alpha[(size_t)row * alphaStride + i] = line[4 * i + 3];
        }
    }
    for (int row = 0; row < half(to->height); row++) {
        for (int i = 0; i < half(to->width); i++) {
            float pixel[4], y, u, v;
            chroma_at(bgra, stride, to->width, to->height, i, row, pixel);
            float a = alpha ? pixel[3] : 255;
            to_yuv(pixel[2], pixel[1], pixel[0], &y, &u, &v);
            to->planes[1][(size_t)row * to->strides[1] + i] = clip((int)(u + 128 * a / 255 + 0.5f));
            to->planes[2][(size_t)row * to->strides[2] + i] = clip((int)(v + 128 * a / 255 + 0.5f));
            if (alphaHalf) alphaHalf[(size_t)row * alphaHalfStride + i] = clip((int)(a + 0.5f));
        }
    }
}

void cm_picture_from_bgra(const cm_picture *to, const uint8_t *bgra, int stride) {
    convert(to, NULL, 0, NULL, 0, bgra, stride);
}

void cm_picture_to_bgra(const cm_picture *from, uint8_t *bgra, int stride) {
    for (int row = 0; row < from->height; row++) {
        const uint8_t *ys = from->planes[0] + (size_t)row * from->strides[0];
        const uint8_t *us = from->planes[1] + (size_t)(row / 2) * from->strides[1];
        const uint8_t *vs = from->planes[2] + (size_t)(row / 2) * from->strides[2];
        uint8_t *out = bgra + (size_t)row * stride;
        for (int i = 0; i < from->width; i++, out += 4) {
            float y = (ys[i] - 16) * (255.0f / 219), u = (us[i / 2] - 128) * (255.0f / 224),
                  v = (vs[i / 2] - 128) * (255.0f / 224);
            out[0] = clip((int)(y + 1.8556f * u + 0.5f));
            out[1] = clip((int)(y - 0.1873f * u - 0.4681f * v + 0.5f));
            out[2] = clip((int)(y + 1.5748f * v + 0.5f));
            out[3] = 255;
        }
    }
}

int cm_overlay_allocate(cm_overlay *overlay, const uint8_t *bgra, int stride, int width, int height) {
    memset(overlay, 0, sizeof *overlay);
    if (cm_picture_allocate(&overlay->colour, width, height)) return -1;
    overlay->alpha_stride = overlay->colour.strides[0];
    overlay->alpha_half_stride = overlay->colour.strides[1];
    overlay->alpha = calloc((size_t)overlay->alpha_stride * height + 64, 1);
    overlay->alpha_half = calloc((size_t)overlay->alpha_half_stride * half(height) + 64, 1);
    if (!overlay->alpha || !overlay->alpha_half) {
        cm_overlay_release(overlay);
        return -1;
    }
    convert(&overlay->colour, overlay->alpha, overlay->alpha_stride, overlay->alpha_half, overlay->alpha_half_stride,
            bgra, stride);
    return 0;
}

void cm_overlay_release(cm_overlay *overlay) {
    cm_picture_release(&overlay->colour);
    free(overlay->alpha);
    free(overlay->alpha_half);
    overlay->alpha = overlay->alpha_half = NULL;
}

// to = to * (1 - alpha) + colour, both between two rows of the overlay by `fraction` / 256, both times opacity / 256.
CLONES static void overlay_row(uint8_t *to, const uint8_t *colour0, const uint8_t *colour1, const uint8_t *alpha0,
                               const uint8_t *alpha1, int count, int fraction, int opacity) {
    uint32_t second = fraction * opacity, first = 256 * opacity - second;
    for (int i = 0; i < count; i++) {
        uint32_t alpha = alpha0[i] * first + alpha1[i] * second;    // of 255 << 16
        uint32_t colour = colour0[i] * first + colour1[i] * second; // of 255 << 16
        uint32_t kept = (65536 * 255u - alpha) >> 8;                // of 255 << 8
        // x * 257 / 65536 is x / 255 to within the last bit.
        uint32_t below = (to[i] * kept) >> 8;
        to[i] = (uint8_t)(((below * 257 + 32768) >> 16) + ((colour + 32768) >> 16));
    }
}

static void overlay_plane(uint8_t *to, int toStride, int toColumns, int toRows, const uint8_t *colour, int stride,
                          const uint8_t *alpha, int alphaStride, int columns, int rows, int x, double y, int opacity) {
    static const uint8_t nothing[8192];
    int top = (int)y - (y < (int)y), fraction = (int)((y - top) * 256);
    int skip = x < 0 ? -x : 0, count = (x + columns > toColumns ? toColumns - x : columns) - skip;
    if (count <= 0 || count > (int)sizeof nothing) return;
    // One row more than the overlay has: between its last row and nothing.
    for (int row = 0; row <= rows; row++) {
        int target = top + row;
        if (target < 0 || target >= toRows) continue;
        const uint8_t *c0 = row < rows ? colour + (size_t)row * stride + skip : nothing;
        const uint8_t *a0 = row < rows ? alpha + (size_t)row * alphaStride + skip : nothing;
        const uint8_t *c1 = row > 0 ? colour + (size_t)(row - 1) * stride + skip : nothing;
        const uint8_t *a1 = row > 0 ? alpha + (size_t)(row - 1) * alphaStride + skip : nothing;
        overlay_row(to + (size_t)target * toStride + x + skip, c0, c1, a0, a1, count, fraction, opacity);
    }
}

void cm_overlay_draw(const cm_picture *to, const cm_overlay *overlay, int x, double y, int opacity, int reveal) {
    const cm_picture *colour = &overlay->colour;
    int columns = reveal < colour->width ? reveal & ~1 : colour->width;
    if (opacity <= 0 || columns <= 0) return;
    overlay_plane(to->planes[0], to->strides[0], to->width, to->height, colour->planes[0], colour->strides[0],
                  overlay->alpha, overlay->alpha_stride, columns, colour->height, x, y, opacity);
    for (int plane = 1; plane < 3; plane++)
        overlay_plane(to->planes[plane], to->strides[plane], half(to->width), half(to->height), colour->planes[plane],
                      colour->strides[plane], overlay->alpha_half, overlay->alpha_half_stride, columns / 2,
                      half(colour->height), x / 2, y / 2, opacity);
}
