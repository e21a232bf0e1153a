// Loops over pixels and samples for the montage. Plain C without state of its own; every size is checked by the caller.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A picture of 8-bit Y, U, V planes; chroma is half in both directions (rounded up), sited left as in MPEG-2 and H.264.
typedef struct {
    uint8_t *planes[3];
    int strides[3];
    int width, height;
} cm_picture;

// Allocates the planes. 0, or -1 without memory.
int cm_picture_allocate(cm_picture *picture, int width, int height);
void cm_picture_release(cm_picture *picture);
void cm_picture_copy(const cm_picture *to, const cm_picture *from);

// Scratch memory and filter tables for pictures of one output size. Not for two threads at once.
typedef struct cm_resampler cm_resampler;
cm_resampler *cm_resampler_create(int width, int height);
void cm_resampler_destroy(cm_resampler *resampler);

// Fills `to` with the window (left, top, width, height: in luma samples of `from`, any fraction) by a separable cubic
// filter of the Mitchell-Netravali family (b, c), widened where the window is larger than `to`. Edges repeat.
// With `dither` the last bit is rounded by noise instead of a half, so that smooth gradients show no bands.
void cm_resample(cm_resampler *resampler, const cm_picture *to, const cm_picture *from, double left, double top,
                 double width, double height, double b, double c, int dither);

// to = a + (b - a) * weight / 256. The three may be the same picture.
void cm_blend(const cm_picture *to, const cm_picture *a, const cm_picture *b, int weight);
// As `cm_blend`, with one weight for each column of luma samples.
void cm_wipe(const cm_picture *to, const cm_picture *a, const cm_picture *b, const uint16_t *weights);
// Moves every sample towards one colour by weight / 256.
void cm_tint(const cm_picture *picture, int y, int u, int v, int weight);

// Luma through a table after adding `yu`, `yv` (in 1/4096) of the chroma; chroma by a 2 x 2 matrix (in 1/4096).
typedef struct {
    uint8_t luma[256];
    int yu, yv, uu, uv, vu, vv;
    int u_offset, v_offset; // steps of chroma
} cm_grade;
void cm_apply_grade(const cm_picture *picture, const cm_grade *grade);

// Raises the contrast of fine detail in luma (3 x 3 unsharp mask), `amount` in 1/256.
void cm_sharpen(const cm_picture *picture, int amount);
// Turns clockwise by 90, 180 or 270 degrees; `to` has the turned size.
void cm_rotate(const cm_picture *to, const cm_picture *from, int degrees);

// Mean of the luma samples.
double cm_mean_luma(const cm_picture *picture);

// A premultiplied picture with its transparency in full and half size.
typedef struct {
    cm_picture colour;
    uint8_t *alpha, *alpha_half;
    int alpha_stride, alpha_half_stride;
} cm_overlay;

// From premultiplied BGRA (cairo's ARGB32 on a little-endian machine) to BT.709 in limited range. Sizes are even.
int cm_overlay_allocate(cm_overlay *overlay, const uint8_t *bgra, int stride, int width, int height);
void cm_overlay_release(cm_overlay *overlay);
// Draws the overlay at x (even), y (any fraction), its opacity times `opacity` / 256, columns beyond `reveal` left out.
void cm_overlay_draw(const cm_picture *to, const cm_overlay *overlay, int x, double y, int opacity, int reveal);

// From BGRA to a picture in BT.709, limited range; transparency is ignored.
void cm_picture_from_bgra(const cm_picture *to, const uint8_t *bgra, int stride);
// The way back, opaque.
void cm_picture_to_bgra(const cm_picture *from, uint8_t *bgra, int stride);

// Sound: interleaved stereo floats unless said otherwise.

// Second-order high pass (Butterworth) in place.
void cm_high_pass(float *samples, size_t frames, double rate, double hertz);
// Feed-forward compressor with a soft knee of 6 dB, in place; levels in dBFS, times in milliseconds.
void cm_compress(float *samples, size_t frames, double rate, double threshold, double ratio, double attack,
                 double release);
// Root of the mean square of both channels.
double cm_rms(const float *samples, size_t frames);
void cm_scale(float *samples, size_t frames, double gain);
// to += from * gain
void cm_add(float *to, const float *from, size_t frames, double gain);
// to += from * curve, the curve given once per `step` frames and straight in between (count + 1 values).
void cm_add_curve(float *to, const float *from, size_t frames, const float *curve, size_t step);
// Keeps the true peak (4 x oversampled, ITU-R BS.1770-4 annex 2) below `ceiling` (linear) with 5 ms of look-ahead, in
// place. Returns the lowest gain that was applied, or a negative number without memory.
double cm_limit(float *samples, size_t frames, double rate, double ceiling);
