/// A natural voice by sherpa-onnx 2.0 (Apache-2.0), whose library is loaded at run time.
///
/// The structures of its C interface are declared in the implementation, so that neither its header nor its library is
/// needed to build; the library's own version is compared before anything else is called.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A loaded voice.
typedef struct csherpa csherpa;

/// Loads the library from `libraries` and the voice from `model` and `tokens`. NULL on failure, with the reason in
/// `reason`. Not thread-safe; takes about a second and 100 MB.
csherpa *csherpa_open(const char *libraries, const char *model, const char *tokens, int threads, char *reason,
                      size_t reason_size);

/// Samples per second of what ``csherpa_generate`` gives.
int csherpa_rate(const csherpa *voice);

/// Speaks phonemes (code points of the voice's own symbols). Gives mono samples to free with `free`, NULL on failure.
float *csherpa_generate(csherpa *voice, const int32_t *codepoints, int32_t count, float speed, int32_t *samples);

/// Unloads the voice and the library and gives their memory back to the system.
void csherpa_close(csherpa *voice);
