#include "CMontage.h"
#include "clones.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void cm_high_pass(float *samples, size_t frames, double rate, double hertz) {
    // Robert Bristow-Johnson's cookbook, Q of a Butterworth filter.
    double omega = 2 * M_PI * hertz / rate, alpha = sin(omega) * M_SQRT1_2, cosine = cos(omega);
    double a0 = 1 + alpha, b0 = (1 + cosine) / 2 / a0, b1 = -(1 + cosine) / a0, b2 = b0;
    double a1 = -2 * cosine / a0, a2 = (1 - alpha) / a0;
    for (int channel = 0; channel < 2; channel++) {
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        for (size_t i = 0; i < frames; i++) {
            double x = samples[2 * i + channel];
            double y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
            x2 = x1, x1 = x, y2 = y1, y1 = y;
            samples[2 * i + channel] = (float)y;
        }
    }
}

void cm_compress(float *samples, size_t frames, double rate, double threshold, double ratio, double attack,
                 double release) {
    const double knee = 6;
    double rise = exp(-1000 / (attack * rate)), fall = exp(-1000 / (release * rate)), reduction = 0, power = 0;
    double detector = exp(-1000 / (5 * rate)); // mean over about 5 ms
    double gain = 1;
    for (size_t i = 0; i < frames; i++) {
        double l = samples[2 * i], r = samples[2 * i + 1], square = l * l > r * r ? l * l : r * r;
        power = detector * power + (1 - detector) * square;
        // The level every eighth sample is enough for times of milliseconds, and logarithms cost.
        if (i % 8 == 0) {
            double over = 10 * log10(power + 1e-12) - threshold, wanted = 0;
            if (over > knee / 2)
                wanted = over * (1 - 1 / ratio);
            else if (over > -knee / 2)
                wanted = (1 - 1 / ratio) * (over + knee / 2) * (over + knee / 2) / (2 * knee);
            double keep = pow(wanted > reduction ? rise : fall, 8);
            reduction = keep * reduction + (1 - keep) * wanted;
            gain = pow(10, -reduction / 20);
        }
        samples[2 * i] = (float)(l * gain);
        samples[2 * i + 1] = (float)(r * gain);
    }
}

double cm_rms(const float *samples, size_t frames) {
    double sum = 0;
    for (size_t i = 0; i < 2 * frames; i++) sum += (double)samples[i] * samples[i];
    return frames ? sqrt(sum / (2.0 * frames)) : 0;
}

CLONES void cm_scale(float *samples, size_t frames, double gain) {
    float factor = (float)gain;
    for (size_t i = 0; i < 2 * frames; i++) samples[i] *= factor;
}

CLONES void cm_add(float *to, const float *from, size_t frames, double gain) {
    float factor = (float)gain;
    for (size_t i = 0; i < 2 * frames; i++) to[i] += from[i] * factor;
}

void cm_add_curve(float *to, const float *from, size_t frames, const float *curve, size_t step) {
    for (size_t block = 0; block * step < frames; block++) {
        size_t begin = block * step, count = frames - begin < step ? frames - begin : step;
        float gain = curve[block], slope = (curve[block + 1] - gain) / (float)step;
        for (size_t i = 0; i < count; i++, gain += slope) {
            to[2 * (begin + i)] += from[2 * (begin + i)] * gain;
            to[2 * (begin + i) + 1] += from[2 * (begin + i) + 1] * gain;
        }
    }
}

// ITU-R BS.1770-4, annex 2, table of the interpolating filter: four phases of twelve taps.
static const float phases[4][12] = {
    {0.0017089843750f, 0.0109863281250f, -0.0196533203125f, 0.0332031250000f, -0.0594482421875f, 0.1373291015625f,
     0.9721679687500f, -0.1022949218750f, 0.0476074218750f, -0.0266113281250f, 0.0148925781250f, -0.0083007812500f},
    {-0.0291748046875f, 0.0292968750000f, -0.0517578125000f, 0.0891113281250f, -0.1665039062500f, 0.4650878906250f,
     0.7797851562500f, -0.2003173828125f, 0.1015625000000f, -0.0582275390625f, 0.0330810546875f, -0.0189208984375f},
    {-0.0189208984375f, 0.0330810546875f, -0.0582275390625f, 0.1015625000000f, -0.2003173828125f, 0.7797851562500f,
     0.4650878906250f, -0.1665039062500f, 0.0891113281250f, -0.0517578125000f, 0.0292968750000f, -0.0291748046875f},
    {-0.0083007812500f, 0.0148925781250f, -0.0266113281250f, 0.0476074218750f, -0.1022949218750f, 0.9721679687500f,
     0.1373291015625f, -0.0594482421875f, 0.0332031250000f, -0.0196533203125f, 0.0109863281250f, 0.0017089843750f}};

// Highest magnitude around one sample of one channel, between the samples too.
static float peak_at(const float *samples, size_t frames, size_t frame, int channel) {
    float peak = fabsf(samples[2 * frame + channel]);
    for (int phase = 0; phase < 4; phase++) {
        float sum = 0;
        for (int tap = 0; tap < 12; tap++) {
            ptrdiff_t at = (ptrdiff_t)frame + 6 - tap;
            if (at >= 0 && at < (ptrdiff_t)frames) sum += samples[2 * at + channel] * phases[phase][tap];
        }
        if (fabsf(sum) > peak) peak = fabsf(sum);
    }
    return peak;
}

double cm_limit(float *samples, size_t frames, double rate, double ceiling) {
    size_t ahead = (size_t)(rate * 0.005), span = 2 * ahead + 1;
    float *gains = malloc(sizeof(float) * (frames + 1)), *lowest = malloc(sizeof(float) * (frames + 1));
    size_t *queue = malloc(sizeof(size_t) * (frames + 1));
    if (!gains || !lowest || !queue) {
        free(gains);
        free(lowest);
        free(queue);
        return -1;
    }
    // The gain that each sample needs. A sample far below the ceiling cannot hide a peak above it.
    int needed = 0;
    for (size_t i = 0; i < frames; i++) {
        float peak = 0;
        for (int channel = 0; channel < 2; channel++) {
            if (fabsf(samples[2 * i + channel]) < ceiling * 0.4f) continue;
            float here = peak_at(samples, frames, i, channel);
            if (here > peak) peak = here;
        }
        gains[i] = peak > ceiling ? (float)(ceiling / peak) : 1;
        needed |= peak > ceiling;
    }
    double floor = 1;
    if (needed) {
        // The lowest within the span around each sample, by a queue of candidates.
        size_t head = 0, tail = 0;
        for (size_t i = 0; i < frames + ahead; i++) {
            if (i < frames) {
                while (tail > head && gains[queue[tail - 1]] >= gains[i]) tail--;
                queue[tail++] = i;
            }
            if (i < ahead) continue;
            while (head < tail && queue[head] + span <= i) head++;
            lowest[i - ahead] = gains[queue[head]];
        }
        // A slow way back, so that speech does not pump.
        double keep = exp(-1 / (0.120 * rate)), state = 1;
        for (size_t i = 0; i < frames; i++) {
            double open = 1 - keep * (1 - state);
            state = lowest[i] < open ? lowest[i] : open;
            lowest[i] = (float)state;
        }
        // The mean over the look-ahead: smooth, and never above what a peak needs, whose whole span is at its gain.
        double sum = 0;
        for (size_t i = 0; i < frames + ahead; i++) {
            sum += i < frames ? lowest[i] : lowest[frames - 1];
            if (i >= span) sum -= lowest[i - span];
            if (i < ahead) continue;
            size_t at = i - ahead, count = i + 1 < span ? i + 1 : span;
            double gain = sum / (double)count;
            if (gain < floor) floor = gain;
            samples[2 * at] *= (float)gain;
            samples[2 * at + 1] *= (float)gain;
        }
    }
    free(gains);
    free(lowest);
    free(queue);
    return floor;
}
