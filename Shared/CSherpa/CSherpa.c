#define _GNU_SOURCE
#include "CSherpa.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Layouts of sherpa-onnx 2.0 (`sherpa-onnx/c-api/c-api.h`), only as far as their sizes and offsets matter here.

typedef struct {
    const char *model, *lexicon, *tokens, *data_dir;
    float noise_scale, noise_scale_w, length_scale;
    const char *dict_dir;
} vits_config;

typedef struct {
    const char *acoustic_model, *vocoder, *lexicon, *tokens, *data_dir;
    float noise_scale, length_scale;
    const char *dict_dir;
} matcha_config;

typedef struct {
    const char *model, *voices, *tokens, *data_dir;
    float length_scale;
    const char *dict_dir, *lexicon, *lang;
} kokoro_config;

typedef struct {
    const char *model, *voices, *tokens, *data_dir;
    float length_scale;
    const char *lexicon;
} kitten_config;

typedef struct {
    const char *tokens, *encoder, *decoder, *vocoder, *data_dir, *lexicon;
    float feat_scale, t_shift, target_rms, guidance_scale;
} zipvoice_config;

typedef struct {
    const char *lm_flow, *lm_main, *encoder, *decoder, *text_conditioner, *vocab_json, *token_scores_json;
    int32_t voice_embedding_cache_capacity;
} pocket_config;

typedef struct {
    const char *duration_predictor, *text_encoder, *vector_estimator, *vocoder, *tts_json, *unicode_indexer,
        *voice_style;
} supertonic_config;

typedef struct {
    vits_config vits;
    int32_t num_threads, debug;
    const char *provider;
    matcha_config matcha;
    kokoro_config kokoro;
    kitten_config kitten;
    zipvoice_config zipvoice;
    pocket_config pocket;
    supertonic_config supertonic;
} model_config;

typedef struct {
    model_config model;
    const char *rule_fsts;
    int32_t max_num_sentences;
    const char *rule_fars;
    float silence_scale;
} tts_config;

typedef struct {
    float silence_scale, speed;
    int32_t sid;
    const float *reference_audio;
    int32_t reference_audio_len, reference_sample_rate;
    const char *reference_text;
    int32_t num_steps;
    const char *extra;
    const int32_t *phoneme_codepoints, *phoneme_codepoints_lens;
    int32_t phoneme_codepoints_num_sentences;
    const char *const *tokens;
    const int32_t *tokens_lens;
    int32_t tokens_num_sentences;
} generation_config;

typedef struct {
    const float *samples;
    int32_t n, sample_rate;
} generated_audio;

struct csherpa {
    void *runtime, *library;
    const void *tts;
    int rate;
    const void *(*create)(const tts_config *);
    void (*destroy)(const void *);
    int32_t (*sample_rate)(const void *);
    const generated_audio *(*generate)(const void *, const char *, const generation_config *, void *, void *);
    void (*destroy_audio)(const generated_audio *);
};

static const int library_flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

static void *load(const char *folder, const char *name) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return NULL;
    return dlopen(path, library_flags);
}

static csherpa *fail(csherpa *voice, char *reason, size_t size, const char *text) {
    snprintf(reason, size, "%s", text ? text : "unknown fault");
    csherpa_close(voice);
    return NULL;
}

csherpa *csherpa_open(const char *libraries, const char *model, const char *tokens, int threads, char *reason,
                      size_t reason_size) {
    csherpa *voice = calloc(1, sizeof *voice);
    if (!voice) return NULL;
    // First, so that the second finds it whatever its own search path says. Neither ever leaves the process: their
    // destructors would run in the unload of an idle voice and at the same time in the process's exit, which crashed once.
    // The model, which is what is large, goes with `destroy`.
    voice->runtime = load(libraries, "libonnxruntime.so");
    if (!voice->runtime) return fail(voice, reason, reason_size, dlerror());
    voice->library = load(libraries, "libsherpa-onnx-c-api.so");
    if (!voice->library) return fail(voice, reason, reason_size, dlerror());
    const char *(*version)(void) = (const char *(*)(void))dlsym(voice->library, "SherpaOnnxGetVersionStr");
    // Another version has other structures: to call it would be undefined.
    if (!version || strncmp(version(), "2.0.", 4) != 0)
        return fail(voice, reason, reason_size, "the library is not sherpa-onnx 2.0");
    *(void **)&voice->create = dlsym(voice->library, "SherpaOnnxCreateOfflineTts");
    *(void **)&voice->destroy = dlsym(voice->library, "SherpaOnnxDestroyOfflineTts");
    *(void **)&voice->sample_rate = dlsym(voice->library, "SherpaOnnxOfflineTtsSampleRate");
    *(void **)&voice->generate = dlsym(voice->library, "SherpaOnnxOfflineTtsGenerateWithConfig");
    *(void **)&voice->destroy_audio = dlsym(voice->library, "SherpaOnnxDestroyOfflineTtsGeneratedAudio");
    if (!voice->create || !voice->destroy || !voice->sample_rate || !voice->generate || !voice->destroy_audio)
        return fail(voice, reason, reason_size, "the library lacks a function");

    tts_config config;
    memset(&config, 0, sizeof config);
    config.model.vits.model = model;
    config.model.vits.tokens = tokens;
    config.model.vits.lexicon = "";
    config.model.vits.data_dir = "";
    config.model.vits.noise_scale = 0.667f;
    config.model.vits.noise_scale_w = 0.8f;
    config.model.vits.length_scale = 1.0f;
    config.model.num_threads = threads;
    config.model.provider = "cpu";
    config.max_num_sentences = 1;
    config.silence_scale = 0.2f;
    voice->tts = voice->create(&config);
    if (!voice->tts) return fail(voice, reason, reason_size, "the voice's model was refused");
    voice->rate = voice->sample_rate(voice->tts);
    if (voice->rate < 8000 || voice->rate > 48000)
        return fail(voice, reason, reason_size, "the voice has an unusual sample rate");
    return voice;
}

int csherpa_rate(const csherpa *voice) { return voice->rate; }

float *csherpa_generate(csherpa *voice, const int32_t *codepoints, int32_t count, float speed, int32_t *samples) {
    *samples = 0;
    if (count <= 0) return NULL;
    generation_config config;
    memset(&config, 0, sizeof config);
    config.silence_scale = 0.2f;
    config.speed = speed;
    config.phoneme_codepoints = codepoints;
    config.phoneme_codepoints_lens = &count;
    config.phoneme_codepoints_num_sentences = 1;
    const generated_audio *audio = voice->generate(voice->tts, "", &config, NULL, NULL);
    if (!audio) return NULL;
    float *copy = NULL;
    if (audio->n > 0 && (copy = malloc((size_t)audio->n * sizeof(float)))) {
        memcpy(copy, audio->samples, (size_t)audio->n * sizeof(float));
        *samples = audio->n;
    }
    voice->destroy_audio(audio);
    return copy;
}

void csherpa_close(csherpa *voice) {
    if (!voice) return;
    if (voice->tts) voice->destroy(voice->tts);
    if (voice->library) dlclose(voice->library);
    if (voice->runtime) dlclose(voice->runtime);
    free(voice);
    // The model's 70 MB lie in the allocator's arenas: an idle worker must not keep them.
    malloc_trim(0);
}
