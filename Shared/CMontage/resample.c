#include "CMontage.h"
#include "clones.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    max_taps = 32,
    weight_bits = 14,
    row_bits = 6, // fraction that the rows between the two passes keep
    tile = 64     // side of the dither noise
};

struct cm_resampler {
    int width, height;
    int *index;       // first tap of each output sample
    int16_t *weights; // taps per output sample
    int16_t *rows;    // max_taps rows between the passes
    int32_t *sum;     // one row of sums
    int32_t *noise;   // tile x tile rounding terms
    int32_t *round;   // one row of rounding terms
    int tags[max_taps];
};

cm_resampler *cm_resampler_create(int width, int height) {
    cm_resampler *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->width = width;
    r->height = height;
    int longest = (width > height ? width : height) + 64;
    r->index = calloc(longest, sizeof *r->index);
    r->weights = calloc((size_t)longest * max_taps, sizeof *r->weights);
    r->rows = calloc((size_t)longest * max_taps, sizeof *r->rows);
    r->sum = calloc(longest, sizeof *r->sum);
    r->noise = calloc(tile * tile, sizeof *r->noise);
    r->round = calloc(longest, sizeof *r->round);
    if (!r->index || !r->weights || !r->rows || !r->sum || !r->noise || !r->round) {
        cm_resampler_destroy(r);
        return NULL;
    }
    // Noise with a triangular distribution over two steps, the same in every run.
    uint32_t seed = 0x9E3779B9;
    for (int i = 0; i < tile * tile; i++) {
        int32_t term = 1 << (weight_bits + row_bits - 1);
        for (int k = 0; k < 2; k++) {
            seed = seed * 1664525 + 1013904223;
            term += (int32_t)(seed >> (32 - weight_bits - row_bits)) - (1 << (weight_bits + row_bits - 1));
        }
        r->noise[i] = term;
    }
    return r;
}

void cm_resampler_destroy(cm_resampler *r) {
    if (!r) return;
    free(r->index);
    free(r->weights);
    free(r->rows);
    free(r->sum);
    free(r->noise);
    free(r->round);
    free(r);
}

// The family of Mitchell and Netravali (SIGGRAPH 1988): (0, 0.5) is Catmull-Rom, (1, 0) the cubic B-spline.
static double cubic(double x, double b, double c) {
    x = fabs(x);
    if (x < 1) return ((12 - 9 * b - 6 * c) * x * x * x + (-18 + 12 * b + 6 * c) * x * x + (6 - 2 * b)) / 6;
    if (x < 2)
        return ((-b - 6 * c) * x * x * x + (6 * b + 30 * c) * x * x + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6;
    return 0;
}

// Taps of each of `count` output samples, whose centres lie at first + i * step in samples of the source.
// Taps beyond an edge fall on the edge's sample. Returns how many taps each has.
static int plan(cm_resampler *r, int count, int size, double first, double step, double b, double c) {
    double wide = step > 1 ? step : 1;
    int taps = (int)ceil(2 * wide) * 2;
    if (taps > max_taps) {
        taps = max_taps;
        wide = max_taps / 4.0;
    }
    int used = taps > size ? size : taps; // taps that exist in a small source
    for (int i = 0; i < count; i++) {
        double centre = first + i * step, weights[max_taps], folded[max_taps] = {0}, sum = 0;
        int base = (int)floor(centre) - taps / 2 + 1;
        for (int t = 0; t < taps; t++) sum += weights[t] = cubic((base + t - centre) / wide, b, c);
        int start = base < 0 ? 0 : base > size - used ? size - used : base;
        for (int t = 0; t < taps; t++) {
            int at = base + t < 0 ? 0 : base + t >= size ? size - 1 : base + t;
            int slot = at - start;
            slot = slot < 0 ? 0 : slot >= used ? used - 1 : slot;
            folded[slot] += weights[t] / sum;
        }
        // Whole numbers that sum up to one exactly, or flat areas would change.
        int left = 1 << weight_bits, largest = 0;
        int16_t *out = r->weights + (size_t)i * used;
        for (int t = 0; t < used; t++) {
            int value = (int)lrint(folded[t] * (1 << weight_bits));
            out[t] = (int16_t)value;
            left -= value;
            if (fabs(folded[t]) > fabs(folded[largest])) largest = t;
        }
        out[largest] = (int16_t)(out[largest] + left);
        r->index[i] = start;
    }
    return used;
}

static void across_plain(int16_t *to, const uint8_t *from, const int *index, const int16_t *weights, int taps,
                         int begin, int end) {
    for (int i = begin; i < end; i++) {
        const uint8_t *pixel = from + index[i];
        const int16_t *weight = weights + (size_t)i * taps;
        int sum = 1 << (weight_bits - row_bits - 1);
        for (int t = 0; t < taps; t++) sum += pixel[t] * weight[t];
        to[i] = (int16_t)(sum >> (weight_bits - row_bits));
    }
}

#if defined(__x86_64__)
// Eight samples at once: four source bytes each, gathered, widened to 16 bits and summed in pairs.
__attribute__((target("avx2"))) static int across_avx2(int16_t *to, const uint8_t *from, const int *index,
                                                       const int16_t *weights, int count) {
    const __m256i round = _mm256_set1_epi32(1 << (weight_bits - row_bits - 1));
    int i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256i at = _mm256_loadu_si256((const __m256i *)(index + i));
        __m256i bytes = _mm256_i32gather_epi32((const int *)from, at, 1);
        __m256i low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes));
        __m256i high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1));
        low = _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)(weights + 4 * i)));
        high = _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(weights + 4 * i + 16)));
        __m256i sums = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xD8);
        sums = _mm256_srai_epi32(_mm256_add_epi32(sums, round), weight_bits - row_bits);
        __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(sums, sums), 0x08);
        _mm_storeu_si128((__m128i *)(to + i), _mm256_castsi256_si128(packed));
    }
    return i;
}
#endif

static void across(int16_t *to, const uint8_t *from, const int *index, const int16_t *weights, int taps, int count) {
    int done = 0;
#if defined(__x86_64__)
    if (taps == 4 && __builtin_cpu_supports("avx2")) done = across_avx2(to, from, index, weights, count);
#endif
    across_plain(to, from, index, weights, taps, done, count);
}

CLONES static void down4(uint8_t *to, const int16_t *a, const int16_t *b, const int16_t *c, const int16_t *d,
                         const int16_t *weights, const int32_t *round, int count) {
    int32_t wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
    for (int i = 0; i < count; i++) {
        int32_t sum = (a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd + round[i]) >> (weight_bits + row_bits);
        to[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

CLONES static void down_add(int32_t *sum, const int16_t *row, int32_t weight, int count) {
    for (int i = 0; i < count; i++) sum[i] += row[i] * weight;
}

CLONES static void down_end(uint8_t *to, const int32_t *sums, int count) {
    for (int i = 0; i < count; i++) {
        int32_t sum = sums[i] >> (weight_bits + row_bits);
        to[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

typedef struct {
    double first, step; // centre of the first output sample, distance of the next, in source samples
} axis;

static void resample_plane(cm_resampler *r, uint8_t *to, int toStride, int columns, int rows, const uint8_t *from,
                           int fromStride, int sourceColumns, int sourceRows, axis x, axis y, double b, double c,
                           int dither) {
    int longest = (r->width > r->height ? r->width : r->height) + 64;
    // The vertical plan first, kept aside: both plans share the tables.
    int downTaps = plan(r, rows, sourceRows, y.first, y.step, b, c);
    int *downIndex = malloc(sizeof(int) * rows);
    int16_t *downWeights = malloc(sizeof(int16_t) * rows * downTaps);
    if (!downIndex || !downWeights) {
        free(downIndex);
        free(downWeights);
        return;
    }
    memcpy(downIndex, r->index, sizeof(int) * rows);
    memcpy(downWeights, r->weights, sizeof(int16_t) * rows * downTaps);
    int acrossTaps = plan(r, columns, sourceColumns, x.first, x.step, b, c);
    for (int i = 0; i < max_taps; i++) r->tags[i] = -1;
    for (int i = 0; i < columns; i++) r->round[i] = 1 << (weight_bits + row_bits - 1);
    for (int row = 0; row < rows; row++) {
        const int16_t *lines[max_taps];
        for (int t = 0; t < downTaps; t++) {
            int source = downIndex[row] + t, slot = source % max_taps;
            int16_t *line = r->rows + (size_t)slot * longest;
            if (r->tags[slot] != source) {
                across(line, from + (size_t)source * fromStride, r->index, r->weights, acrossTaps, columns);
                r->tags[slot] = source;
            }
            lines[t] = line;
        }
        if (dither) {
            const int32_t *noise = r->noise + (row % tile) * tile;
            // Every row of tiles begins elsewhere, or the tiles would be seen.
            int shift = (row / tile) * 23;
            for (int i = 0; i < columns; i++) r->round[i] = noise[(i + shift + (i / tile) * 37) % tile];
        }
        uint8_t *out = to + (size_t)row * toStride;
        const int16_t *weights = downWeights + (size_t)row * downTaps;
        if (downTaps == 4) {
            down4(out, lines[0], lines[1], lines[2], lines[3], weights, r->round, columns);
        } else {
            memcpy(r->sum, r->round, sizeof(int32_t) * columns);
            for (int t = 0; t < downTaps; t++) down_add(r->sum, lines[t], weights[t], columns);
            down_end(out, r->sum, columns);
        }
    }
    free(downIndex);
    free(downWeights);
}

void cm_resample(cm_resampler *r, const cm_picture *to, const cm_picture *from, double left, double top, double width,
                 double height, double b, double c, int dither) {
    double sx = width / to->width, sy = height / to->height;
    // The centre of luma sample i lies at i + 0.5.
    axis x = {left + 0.5 * sx - 0.5, sx}, y = {top + 0.5 * sy - 0.5, sy};
    resample_plane(r, to->planes[0], to->strides[0], to->width, to->height, from->planes[0], from->strides[0],
                   from->width, from->height, x, y, b, c, dither);
    // Chroma sample i lies on luma sample 2i across, and between 2i and 2i + 1 down.
    axis cx = {x.first / 2, sx}, cy = {(top + sy - 1) / 2, sy};
    for (int plane = 1; plane < 3; plane++)
        resample_plane(r, to->planes[plane], to->strides[plane], (to->width + 1) / 2, (to->height + 1) / 2,
                       from->planes[plane], from->strides[plane], (from->width + 1) / 2, (from->height + 1) / 2, cx, cy,
                       b, c, dither);
}
