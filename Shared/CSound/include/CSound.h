/// Loops over samples: measuring, levelling and rounding of sound.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Integrated loudness in LUFS of interleaved samples (ITU-R BS.1770-4: K weighting, 400 ms blocks with 75 % overlap,
/// gates at -70 LUFS and 10 LU below). -INFINITY for silence, or for less than one block.
double csound_loudness(const float *samples, size_t frames, int channels, int rate);

/// The largest magnitude.
float csound_peak(const float *samples, size_t count);

/// Multiplies every sample; what rises above `ceiling` minus 3 dB is bent softly, so that nothing passes the ceiling.
void csound_gain(float *samples, size_t count, float gain, float ceiling);

/// Root mean square of each whole window of mono samples; `out` holds `count / window` values.
void csound_rms(const float *samples, size_t count, size_t window, float *out);

/// Rounds to 16 bits with triangular dither, the same for the same samples. Little endian on little-endian machines.
void csound_to_int16(const float *samples, int16_t *out, size_t count);

/// A raised-cosine fade over interleaved frames from `from` (gain 1 or 0) to `to`.
void csound_fade(float *samples, size_t frames, int channels, float from, float to);
