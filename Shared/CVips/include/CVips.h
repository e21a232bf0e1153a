// A narrow, plain face of libvips 8.14: what Images needs, without GLib in the header.
// Functions that make an image return NULL on failure, the others a value other than 0; the reason is in
// atelier_vips_error. An image is freed with atelier_image_free; operations take no ownership.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct atelier_image atelier_image;

typedef struct {
    int width, height;  // as stored, before the EXIF orientation
    int bands;
    int pages;
    int orientation;  // EXIF, 1 to 8
    int has_alpha;
    char format[16];  // "jpeg", "png", "webp", "gif", "tiff", "heif"
} atelier_image_info;

/// Starts libvips once: no operation cache, no loaders but those of the formats above.
int atelier_vips_start(int concurrency);
/// Threads of one operation.
void atelier_vips_set_concurrency(int threads);
/// Copies and clears the pending error text.
void atelier_vips_error(char *text, size_t size);
/// Called now and then while pixels are computed; a value other than 0 stops the work.
typedef int (*atelier_should_stop)(void *context);

/// Reads the header alone.
int atelier_image_probe(const char *path, atelier_image_info *info);
/// Opens a file for one pass from top to bottom, upright and in sRGB with 8 bits.
atelier_image *atelier_image_open(const char *path);
/// Opens a file shrunk on load to fit into a box, never scaled up, upright, in sRGB with 8 bits.
atelier_image *atelier_image_thumbnail(const char *path, int width, int height);
/// Copies packed RGB bytes.
atelier_image *atelier_image_from_rgb(const void *bytes, int width, int height);
/// Reads a header field as text; returns its length or -1.
int atelier_image_field(const char *path, const char *name, char *text, size_t size);
void atelier_image_free(atelier_image *image);
/// The packed RGB bytes of an image without transparency that is in memory; NULL for any other.
const void *atelier_image_rgb(atelier_image *image);
int atelier_image_width(const atelier_image *image);
int atelier_image_height(const atelier_image *image);

/// Computes all pixels into memory, so that later operations may read them in any order and more than once.
atelier_image *atelier_image_copy_memory(atelier_image *image, atelier_should_stop stop, void *context);
atelier_image *atelier_image_crop(atelier_image *image, int x, int y, int width, int height);
atelier_image *atelier_image_resize(atelier_image *image, int width, int height);
atelier_image *atelier_image_rotate(atelier_image *image, double degrees, const double background[3]);
atelier_image *atelier_image_flip(atelier_image *image, int horizontal);
/// `a * x + b` for red, green and blue of 0…255; in linear light (0…1) where `linear_light`.
atelier_image *atelier_image_linear(atelier_image *image, const double a[3], const double b[3], int linear_light);
/// Each colour becomes a weighted sum of the three (row by row).
atelier_image *atelier_image_recombine(atelier_image *image, const double matrix[9]);
/// `x^exponent` of 0…1.
atelier_image *atelier_image_gamma(atelier_image *image, double exponent);
atelier_image *atelier_image_blur(atelier_image *image, double sigma);
atelier_image *atelier_image_sharpen(atelier_image *image, double amount);
/// Darkens towards the corners; `strength` of 0…1 is what the corners lose.
atelier_image *atelier_image_vignette(atelier_image *image, double strength);
/// The luminances (0…255) below which `low` and `high` percent of the pixels lie.
int atelier_image_percentiles(atelier_image *image, double low, double high, int *low_value, int *high_value);
/// Lays the image on a colour, where it has transparency.
atelier_image *atelier_image_flatten(atelier_image *image, const double background[3]);

/// Writes a file without metadata. Formats: "jpeg", "webp", "png".
int atelier_image_save(
    atelier_image *image, const char *path, const char *format, int quality, atelier_should_stop stop, void *context
);
