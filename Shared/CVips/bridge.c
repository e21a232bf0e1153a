#include "CVips.h"
#include <gmodule.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_once_t heif_once = PTHREAD_ONCE_INIT;
static int started = -1;

static VipsImage *in(const atelier_image *image) { return (VipsImage *)image; }
static atelier_image *out(VipsImage *image) { return (atelier_image *)image; }

static void quiet(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
    (void)domain, (void)level, (void)message, (void)data;
}

static const char *const allowed[] = {"VipsForeignLoadJpeg", "VipsForeignLoadPng",  "VipsForeignLoadWebp",
                                      "VipsForeignLoadNsgif", "VipsForeignLoadTiff"};

static void start(void) {
    // Without its modules (ImageMagick, poppler, OpenSlide …) libvips starts twice as fast, and they cannot be reached.
    setenv("VIPSHOME", "/nonexistent", 1);
    g_log_set_default_handler(quiet, NULL);
    started = vips_init("atelier");
    if (started) return;
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) vips_operation_block_set(allowed[i], FALSE);
}

int atelier_vips_start(int concurrency) {
    pthread_once(&once, start);
    if (!started) vips_concurrency_set(concurrency);
    return started;
}

void atelier_vips_set_concurrency(int threads) { vips_concurrency_set(threads); }

void atelier_vips_error(char *text, size_t size) {
    const char *message = vips_error_buffer();
    g_strlcpy(text, message ? message : "", size);
    vips_error_clear();
}

// HEIF and AVIF live in a module: loaded by itself, and only for a file that is one.
static void load_heif(void) {
    static const char *const folders[] = {
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = g_strdup_printf("%s/vips-modules-8.14/vips-heif.so", folders[i]);
        GModule *module = g_module_open(path, G_MODULE_BIND_LAZY);
        g_free(path);
        if (module) {
            g_module_make_resident(module);
            vips_operation_block_set("VipsForeignLoadHeif", FALSE);
            return;
        }
    }
}

static void prepare_for(const char *path) {
    unsigned char head[12] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file) return;
    size_t count = fread(head, 1, sizeof head, file);
    fclose(file);
    if (count == sizeof head && memcmp(head + 4, "ftyp", 4) == 0) pthread_once(&heif_once, load_heif);
}

static VipsImage *header(const char *path) {
    prepare_for(path);
    return vips_image_new_from_file(path, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

static const char *format_of(const char *loader) {
    static const char *const names[] = {"jpeg", "png", "webp", "gif", "tiff", "heif"};
    for (size_t i = 0; loader && i < sizeof names / sizeof *names; i++)
        if (strncmp(loader, names[i], strlen(names[i])) == 0) return names[i];
    return "";
}

int atelier_image_probe(const char *path, atelier_image_info *info) {
    VipsImage *image = header(path);
    if (!image) return -1;
    const char *loader = NULL;
    memset(info, 0, sizeof *info);
    info->width = image->Xsize;
    info->height = image->Ysize;
    info->bands = image->Bands;
    info->pages = vips_image_get_n_pages(image);
    info->orientation = vips_image_get_orientation(image);
    info->has_alpha = vips_image_hasalpha(image);
    if (vips_image_get_typeof(image, VIPS_META_LOADER) && !vips_image_get_string(image, VIPS_META_LOADER, &loader))
        g_strlcpy(info->format, format_of(loader), sizeof info->format);
    g_object_unref(image);
    return info->format[0] ? 0 : -1;
}

int atelier_image_field(const char *path, const char *name, char *text, size_t size) {
    VipsImage *image = header(path);
    if (!image) return -1;
    int length = -1;
    const char *value = NULL;
    if (vips_image_get_typeof(image, name) && !vips_image_get_string(image, name, &value) && value)
        length = (int)g_strlcpy(text, value, size);
    g_object_unref(image);
    vips_error_clear();
    return length;
}

atelier_image *atelier_image_thumbnail(const char *path, int width, int height) {
    VipsImage *image = NULL;
    prepare_for(path);
    if (vips_thumbnail(
            path, &image, width, "height", height, "size", VIPS_SIZE_DOWN, "export_profile", "srgb", "fail_on",
            VIPS_FAIL_ON_ERROR, NULL))
        return NULL;
    return out(image);
}

atelier_image *atelier_image_open(const char *path) {
    // A box of the greatest size shrinks nothing: what is left of thumbnailing is upright and sRGB.
    return atelier_image_thumbnail(path, VIPS_MAX_COORD, VIPS_MAX_COORD);
}

atelier_image *atelier_image_from_rgb(const void *bytes, int width, int height) {
    VipsImage *image = vips_image_new_from_memory_copy(
        bytes, (size_t)width * (size_t)height * 3, width, height, 3, VIPS_FORMAT_UCHAR);
    VipsImage *tagged = NULL;
    if (!image) return NULL;
    int status = vips_copy(image, &tagged, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    g_object_unref(image);
    return status ? NULL : out(tagged);
}

void atelier_image_free(atelier_image *image) {
    if (image) g_object_unref(in(image));
}

int atelier_image_width(const atelier_image *image) { return in(image)->Xsize; }
int atelier_image_height(const atelier_image *image) { return in(image)->Ysize; }

typedef struct {
    atelier_should_stop stop;
    void *context;
} watch;

static void evaluate(VipsImage *image, VipsProgress *progress, watch *watch) {
    (void)progress;
    if (watch->stop && watch->stop(watch->context)) vips_image_set_kill(image, TRUE);
}

static gulong begin_watch(VipsImage *image, watch *watch) {
    vips_image_set_progress(image, TRUE);
    return g_signal_connect(image, "eval", G_CALLBACK(evaluate), watch);
}

atelier_image *atelier_image_copy_memory(atelier_image *image, atelier_should_stop stop, void *context) {
    watch watch = {stop, context};
    gulong handler = begin_watch(in(image), &watch);
    VipsImage *copy = vips_image_copy_memory(in(image));
    g_signal_handler_disconnect(in(image), handler);
    return out(copy);
}

#define MAKE(call) \
    VipsImage *result = NULL; \
    return (call) ? NULL : out(result)

atelier_image *atelier_image_crop(atelier_image *image, int x, int y, int width, int height) {
    MAKE(vips_extract_area(in(image), &result, x, y, width, height, NULL));
}

atelier_image *atelier_image_resize(atelier_image *image, int width, int height) {
    double horizontal = (double)width / in(image)->Xsize, vertical = (double)height / in(image)->Ysize;
    // Transparent pixels must not bleed their colour into their neighbours.
    if (!vips_image_hasalpha(in(image))) {
        MAKE(vips_resize(in(image), &result, horizontal, "vscale", vertical, NULL));
    }
    VipsImage *parts[4] = {NULL};
    int failed = vips_premultiply(in(image), &parts[0], NULL)
        || vips_resize(parts[0], &parts[1], horizontal, "vscale", vertical, NULL)
        || vips_unpremultiply(parts[1], &parts[2], NULL) || vips_cast(parts[2], &parts[3], VIPS_FORMAT_UCHAR, NULL);
    for (int i = 0; i < 3; i++)
        if (parts[i]) g_object_unref(parts[i]);
    return failed ? NULL : out(parts[3]);
}

atelier_image *atelier_image_rotate(atelier_image *image, double degrees, const double background[3]) {
    VipsImage *result = NULL;
    int failed;
    if (degrees == 90) failed = vips_rot(in(image), &result, VIPS_ANGLE_D90, NULL);
    else if (degrees == 180) failed = vips_rot(in(image), &result, VIPS_ANGLE_D180, NULL);
    else if (degrees == 270) failed = vips_rot(in(image), &result, VIPS_ANGLE_D270, NULL);
    else {
        double colour[4] = {background[0], background[1], background[2], 255};
        int bands = in(image)->Bands;
        VipsArrayDouble *array = vips_array_double_new(colour, bands < 3 ? 1 : bands > 4 ? 4 : bands);
        failed = vips_rotate(in(image), &result, degrees, "background", array, NULL);
        vips_area_unref(VIPS_AREA(array));
    }
    return failed ? NULL : out(result);
}

atelier_image *atelier_image_flip(atelier_image *image, int horizontal) {
    MAKE(vips_flip(
        in(image), &result, horizontal ? VIPS_DIRECTION_HORIZONTAL : VIPS_DIRECTION_VERTICAL, NULL));
}

// Runs `change` on red, green and blue alone, as three bands, and puts the transparency back beside them.
typedef int (*change)(VipsImage *rgb, VipsImage **result, const void *context);

static atelier_image *with_colour(atelier_image *image, change change, const void *context) {
    VipsObject *scope = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 6);
    VipsImage *source = in(image), *result = NULL;
    int failed = 0;
    if (source->Bands < 3) {
        failed = vips_colourspace(source, &t[0], VIPS_INTERPRETATION_sRGB, NULL);
        source = t[0];
    }
    if (!failed && source->Bands > 3) {
        failed = vips_extract_band(source, &t[1], 0, "n", 3, NULL)
            || vips_extract_band(source, &t[2], 3, "n", 1, NULL) || change(t[1], &t[3], context)
            || vips_cast(t[3], &t[4], VIPS_FORMAT_UCHAR, NULL) || vips_bandjoin2(t[4], t[2], &t[5], NULL)
            || vips_copy(t[5], &result, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    } else if (!failed) {
        failed = change(source, &t[3], context) || vips_cast(t[3], &t[4], VIPS_FORMAT_UCHAR, NULL)
            || vips_copy(t[4], &result, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    }
    g_object_unref(scope);
    return failed ? NULL : out(result);
}

typedef struct {
    const double *a, *b;
    int linear_light;
} linear_arguments;

static int change_linear(VipsImage *rgb, VipsImage **result, const void *context) {
    const linear_arguments *arguments = context;
    double *a = (double *)arguments->a, *b = (double *)arguments->b;
    if (!arguments->linear_light) return vips_linear(rgb, result, a, b, 3, NULL);
    VipsImage *light = NULL, *changed = NULL;
    int failed = vips_colourspace(rgb, &light, VIPS_INTERPRETATION_scRGB, NULL)
        || vips_linear(light, &changed, a, b, 3, NULL)
        || vips_colourspace(changed, result, VIPS_INTERPRETATION_sRGB, NULL);
    if (light) g_object_unref(light);
    if (changed) g_object_unref(changed);
    return failed;
}

atelier_image *atelier_image_linear(atelier_image *image, const double a[3], const double b[3], int linear_light) {
    linear_arguments arguments = {a, b, linear_light};
    return with_colour(image, change_linear, &arguments);
}

static int change_recombine(VipsImage *rgb, VipsImage **result, const void *context) {
    VipsImage *matrix = vips_image_new_matrix_from_array(3, 3, context, 9);
    if (!matrix) return -1;
    int failed = vips_recomb(rgb, result, matrix, NULL);
    g_object_unref(matrix);
    return failed;
}

atelier_image *atelier_image_recombine(atelier_image *image, const double matrix[9]) {
    return with_colour(image, change_recombine, matrix);
}

static int change_gamma(VipsImage *rgb, VipsImage **result, const void *context) {
    return vips_gamma(rgb, result, "exponent", *(const double *)context, NULL);
}

atelier_image *atelier_image_gamma(atelier_image *image, double exponent) {
    return with_colour(image, change_gamma, &exponent);
}

atelier_image *atelier_image_blur(atelier_image *image, double sigma) {
    MAKE(vips_gaussblur(in(image), &result, sigma, NULL));
}

static int change_sharpen(VipsImage *rgb, VipsImage **result, const void *context) {
    return vips_sharpen(rgb, result, "sigma", 1.0, "m2", *(const double *)context * 3, NULL);
}

atelier_image *atelier_image_sharpen(atelier_image *image, double amount) {
    VipsImage *rgb = NULL;
    atelier_image *sharp = with_colour(image, change_sharpen, &amount);
    if (!sharp) return NULL;
    int failed = vips_colourspace(in(sharp), &rgb, VIPS_INTERPRETATION_sRGB, NULL);
    atelier_image_free(sharp);
    return failed ? NULL : out(rgb);
}

static int change_vignette(VipsImage *rgb, VipsImage **result, const void *context) {
    VipsObject *scope = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 6);
    double strength = *(const double *)context;
    double scale[2] = {2.0 / rgb->Xsize, 2.0 / rgb->Ysize}, offset[2] = {-1, -1}, sum[2] = {1, 1};
    VipsImage *weights = vips_image_new_matrix_from_array(2, 1, sum, 2);
    // r² of 0 in the middle to 2 in the corners; what is lost grows with r⁴, so that the middle stays as it is.
    int failed = !weights || vips_xyz(&t[0], rgb->Xsize, rgb->Ysize, NULL)
        || vips_linear(t[0], &t[1], scale, offset, 2, NULL) || vips_multiply(t[1], t[1], &t[2], NULL)
        || vips_recomb(t[2], &t[3], weights, NULL) || vips_multiply(t[3], t[3], &t[4], NULL)
        || vips_linear1(t[4], &t[5], -strength / 4, 1, NULL) || vips_multiply(rgb, t[5], result, NULL);
    if (weights) g_object_unref(weights);
    g_object_unref(scope);
    return failed;
}

atelier_image *atelier_image_vignette(atelier_image *image, double strength) {
    return with_colour(image, change_vignette, &strength);
}

int atelier_image_percentiles(atelier_image *image, double low, double high, int *low_value, int *high_value) {
    VipsImage *grey = NULL;
    if (vips_colourspace(in(image), &grey, VIPS_INTERPRETATION_B_W, NULL)) return -1;
    VipsImage *band = NULL;
    int failed = vips_extract_band(grey, &band, 0, NULL) || vips_percent(band, low, low_value, NULL)
        || vips_percent(band, high, high_value, NULL);
    if (band) g_object_unref(band);
    g_object_unref(grey);
    return failed;
}

atelier_image *atelier_image_flatten(atelier_image *image, const double background[3]) {
    if (!vips_image_hasalpha(in(image))) {
        g_object_ref(in(image));
        return image;
    }
    VipsArrayDouble *array = vips_array_double_new(background, in(image)->Bands < 3 ? 1 : 3);
    VipsImage *result = NULL;
    int failed = vips_flatten(in(image), &result, "background", array, NULL);
    vips_area_unref(VIPS_AREA(array));
    return failed ? NULL : out(result);
}

const void *atelier_image_rgb(atelier_image *image) {
    if (in(image)->Bands != 3 || in(image)->BandFmt != VIPS_FORMAT_UCHAR) return NULL;
    return vips_image_get_data(in(image));
}

// A copy without any field but size and colour: `strip` alone leaves EXIF in PNG files (8.14.1).
static VipsImage *without_metadata(VipsImage *image) {
    VipsImage *bare = NULL;
    if (vips_copy(image, &bare, NULL)) return NULL;
    gchar **fields = vips_image_get_fields(bare);
    // What belongs to every image cannot be removed, and stays.
    for (int i = 0; fields && fields[i]; i++) vips_image_remove(bare, fields[i]);
    g_strfreev(fields);
    return bare;
}

int atelier_image_save(
    atelier_image *source, const char *path, const char *format, int quality, atelier_should_stop stop, void *context
) {
    VipsImage *image = without_metadata(in(source));
    if (!image) return -1;
    watch watch = {stop, context};
    gulong handler = begin_watch(image, &watch);
    int status = -1;
    if (strcmp(format, "jpeg") == 0)
        status = vips_jpegsave(image, path, "Q", quality, "strip", TRUE, "optimize_coding", TRUE, NULL);
    else if (strcmp(format, "webp") == 0)
        status = vips_webpsave(image, path, "Q", quality, "strip", TRUE, "effort", 2, NULL);
    else if (strcmp(format, "png") == 0)
        status = vips_pngsave(image, path, "compression", 6, "strip", TRUE, NULL);
    else vips_error("save", "unknown format");
    g_signal_handler_disconnect(image, handler);
    g_object_unref(image);
    return status;
}
