// Every loop of CSound, with lengths at and around each window. Built by scripts/sanitize.
#include "CSound.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    size_t lengths[] = {0, 1, 2, 399, 400, 1599, 1600, 1601, 16000, 48000};
    float extremes[] = {0, 1, -1, 3e38f, -3e38f, INFINITY, -INFINITY, NAN, 1e-40f};
    int channels[] = {0, 1, 2, 6}, rates[] = {0, 3999, 4000, 16000, 48000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t frames = lengths[i];
        for (int c = 0; c < 4; c++) {
            size_t count = frames * (size_t)channels[c];
            // Exactly as long as it must be: a step beyond is a step too far.
            float *samples = malloc(count * sizeof *samples + 1);
            for (size_t k = 0; k < count; k++) samples[k] = k % 97 < 9 ? extremes[k % 97] : sinf((float)k * 0.3f);
            for (int r = 0; r < 5; r++) csound_loudness(samples, frames, channels[c], rates[r]);
            csound_peak(samples, count);
            csound_fade(samples, frames, channels[c], 0, 1);
            csound_gain(samples, count, 4, 0.9f);
            int16_t *words = malloc(count * sizeof *words + 1);
            csound_to_int16(samples, words, count);
            size_t windows[] = {0, 1, 7, 400, count, count + 1};
            for (int w = 0; w < 6; w++) {
                float *levels = malloc((windows[w] ? count / windows[w] : 0) * sizeof *levels + 1);
                csound_rms(samples, count, windows[w], levels);
                free(levels);
            }
            free(words);
            free(samples);
        }
    }
    puts("sanitizers: the loops over sound are clean");
    return 0;
}
