// Every operation on pictures, on one pixel and on odd sizes, with and without transparency, written and read again; and
// files that are none. Built by scripts/sanitize.
#include "CVips.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int stop(void *context) { return *(int *)context; }

static atelier_image *last;
static void keep(atelier_image *image) {
    char text[256];
    if (!image) return atelier_vips_error(text, sizeof text);
    atelier_image *copy = atelier_image_copy_memory(image, NULL, NULL);
    atelier_image_free(image);
    atelier_image_free(last);
    last = copy;
}

static void change(atelier_image *image) {
    double white[3] = {255, 255, 255}, a[3] = {1.1, 0.9, 1}, b[3] = {-5, 0, 5};
    double sepia[9] = {0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131};
    int width = atelier_image_width(image), height = atelier_image_height(image), low, high;
    keep(atelier_image_crop(image, 0, 0, 1, 1));
    keep(atelier_image_crop(image, width, height, 9, 9));
    keep(atelier_image_resize(image, width * 2, height * 3));
    keep(atelier_image_resize(image, 1, 1));
    double angles[] = {0, 7, 90, 180, 270, -33.3};
    for (int i = 0; i < 6; i++) keep(atelier_image_rotate(image, angles[i], white));
    keep(atelier_image_flip(image, 0));
    keep(atelier_image_flip(image, 1));
    keep(atelier_image_linear(image, a, b, 0));
    keep(atelier_image_linear(image, a, b, 1));
    keep(atelier_image_recombine(image, sepia));
    keep(atelier_image_gamma(image, 0.5));
    keep(atelier_image_blur(image, 2));
    keep(atelier_image_sharpen(image, 2));
    keep(atelier_image_vignette(image, 0.7));
    keep(atelier_image_flatten(image, white));
    atelier_image_percentiles(image, 1, 99, &low, &high);
    if (last) atelier_image_rgb(last);
}

int main(int count, char **arguments) {
    assert(count > 1 && atelier_vips_start(1) == 0);
    char path[4096], text[64];
    const char *formats[] = {"jpeg", "webp", "png", "none"};
    int sizes[][2] = {{1, 1}, {7, 3}, {65, 33}};
    for (int i = 0; i < 3; i++) {
        int width = sizes[i][0], height = sizes[i][1], yes = 1;
        uint8_t *rgb = malloc((size_t)width * height * 3);
        for (int k = 0; k < width * height * 3; k++) rgb[k] = (uint8_t)(k * 37);
        atelier_image *image = atelier_image_from_rgb(rgb, width, height);
        free(rgb);
        change(image);
        for (int f = 0; f < 4; f++) {
            snprintf(path, sizeof path, "%s/%d.%s", arguments[1], i, formats[f]);
            int status = atelier_image_save(image, path, formats[f], 80, NULL, NULL);
            assert((status == 0) == (f < 3));
            if (status) continue;
            atelier_image_info info;
            assert(atelier_image_probe(path, &info) == 0 && info.width == width && info.height == height);
            assert(atelier_image_field(path, "exif-ifd0-Make", text, sizeof text) == -1);
            keep(atelier_image_open(path));
            keep(atelier_image_thumbnail(path, 5, 5));
        }
        atelier_image *stopped = atelier_image_copy_memory(image, stop, &yes);
        atelier_image_free(stopped);
        atelier_image_free(image);
    }
    atelier_image_info info;
    snprintf(path, sizeof path, "%s/broken", arguments[1]);
    const char *heads[] = {"", "GIF89a", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff\xe1\xff\xff", "RIFF\xff\xff\xff\xffWEBP", "II*\0\xff\xff"};
    for (int i = 0; i < 6; i++) {
        FILE *file = fopen(path, "wb");
        fwrite(heads[i], 1, i == 5 ? 6 : strlen(heads[i]), file);
        fclose(file);
        assert(atelier_image_probe(path, &info) != 0 && !atelier_image_open(path));
    }
    atelier_image_free(last);
    puts("sanitizers: the operations on pictures are clean");
    return 0;
}
