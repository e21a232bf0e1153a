#include "CSound.h"

#include <math.h>
#include <stdlib.h>

/// One section of the K weighting, transposed direct form II.
typedef struct {
    double b0, b1, b2, a1, a2;
} biquad;

/// The shelf that stands for the head (BS.1770-4, stage 1), for any sample rate by the bilinear transform.
static biquad shelf(double rate) {
    const double f = 1681.974450955533, g = 3.999843853973347, q = 0.7071752369554196;
    double k = tan(M_PI * f / rate), vh = pow(10.0, g / 20.0), vb = pow(vh, 0.4996667741545416);
    double a0 = 1.0 + k / q + k * k;
    return (biquad){(vh + vb * k / q + k * k) / a0, 2.0 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0,
                    2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0};
}

/// The high pass (BS.1770-4, stage 2).
static biquad high_pass(double rate) {
    const double f = 38.13547087602444, q = 0.5003270373238773;
    double k = tan(M_PI * f / rate);
    double a0 = 1.0 + k / q + k * k;
    return (biquad){1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0};
}

double csound_loudness(const float *samples, size_t frames, int channels, int rate) {
    if (channels < 1 || rate < 4000) return -INFINITY;
    size_t step = (size_t)rate / 10;
    size_t steps = frames / step;
    if (steps < 4) return -INFINITY;
    double *energy = calloc(steps, sizeof(double));
    if (!energy) return -INFINITY;
    biquad s1 = shelf(rate), s2 = high_pass(rate);
    for (int channel = 0; channel < channels; channel++) {
        double p1 = 0, p2 = 0, q1 = 0, q2 = 0;
        for (size_t i = 0; i < steps; i++) {
            double sum = 0;
            for (size_t j = 0; j < step; j++) {
                double x = samples[(i * step + j) * (size_t)channels + (size_t)channel];
                double y = s1.b0 * x + p1;
                p1 = s1.b1 * x - s1.a1 * y + p2;
                p2 = s1.b2 * x - s1.a2 * y;
                double z = s2.b0 * y + q1;
                q1 = s2.b1 * y - s2.a1 * z + q2;
                q2 = s2.b2 * y - s2.a2 * z;
                sum += z * z;
            }
            energy[i] += sum / (double)step;
        }
    }
    double gate = pow(10.0, (-70.0 + 0.691) / 10.0), loudness = -INFINITY;
    for (int pass = 0; pass < 2; pass++) {
        double total = 0;
        size_t count = 0;
        for (size_t i = 0; i + 4 <= steps; i++) {
            double block = (energy[i] + energy[i + 1] + energy[i + 2] + energy[i + 3]) / 4.0;
            if (block > gate) {
                total += block;
                count++;
            }
        }
        if (count == 0) break;
        loudness = -0.691 + 10.0 * log10(total / (double)count);
        double relative = total / (double)count / 10.0;
        if (relative > gate) gate = relative;
    }
    free(energy);
    return loudness;
}

float csound_peak(const float *samples, size_t count) {
    float peak = 0;
    for (size_t i = 0; i < count; i++) {
        float value = fabsf(samples[i]);
        if (value > peak) peak = value;
    }
    return peak;
}

void csound_gain(float *samples, size_t count, float gain, float ceiling) {
    float knee = ceiling * 0.7079458f, room = ceiling - knee;
    for (size_t i = 0; i < count; i++) {
        float value = samples[i] * gain, size = fabsf(value);
        if (size > knee) value = copysignf(knee + room * tanhf((size - knee) / room), value);
        samples[i] = value;
    }
}

void csound_rms(const float *samples, size_t count, size_t window, float *out) {
    if (window == 0) return;
    for (size_t i = 0; i < count / window; i++) {
        double sum = 0;
        for (size_t j = 0; j < window; j++) sum += (double)samples[i * window + j] * samples[i * window + j];
        out[i] = (float)sqrt(sum / (double)window);
    }
}

void csound_to_int16(const float *samples, int16_t *out, size_t count) {
    uint32_t state = 0x9E3779B9u;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        float a = (float)(state >> 8) / 16777216.0f;
        state = state * 1664525u + 1013904223u;
        float b = (float)(state >> 8) / 16777216.0f;
        float value = samples[i] * 32767.0f + (a - b);
        // Digital silence stays silent.
        if (samples[i] == 0.0f) value = 0.0f;
        out[i] = (int16_t)lrintf(fminf(32767.0f, fmaxf(-32768.0f, value)));
    }
}

void csound_fade(float *samples, size_t frames, int channels, float from, float to) {
    for (size_t i = 0; i < frames; i++) {
        float t = 0.5f - 0.5f * cosf((float)M_PI * (float)(i + 1) / (float)frames);
        float gain = from + (to - from) * t;
        for (int c = 0; c < channels; c++) samples[i * (size_t)channels + (size_t)c] *= gain;
    }
}
