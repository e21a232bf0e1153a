#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

// `EVP_EC_gen` is a macro over a variadic function.
static inline EVP_PKEY *atelier_p256_generate(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }

// A public key on P-256 from its uncompressed point (0x04, x, y); NULL where the point is not on the curve.
static inline EVP_PKEY *atelier_p256_public(const unsigned char point[65]) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, 65),
        OSSL_PARAM_construct_end(),
    };
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    return key;
}

// Whether the key is an EC key on P-256.
static inline int atelier_is_p256(const EVP_PKEY *key) {
    char name[64] = {0};
    size_t length = 0;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, name, sizeof name, &length) != 1) return 0;
    return OPENSSL_strcasecmp(name, "prime256v1") == 0 || OPENSSL_strcasecmp(name, "P-256") == 0;
}

// The coordinates of a P-256 key, 32 bytes each; 1 on success.
static inline int atelier_p256_coordinates(const EVP_PKEY *key, unsigned char x[32], unsigned char y[32]) {
    BIGNUM *bx = NULL, *by = NULL;
    int ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &bx) == 1
        && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &by) == 1
        && BN_bn2binpad(bx, x, 32) == 32 && BN_bn2binpad(by, y, 32) == 32;
    BN_free(bx);
    BN_free(by);
    return ok;
}

// From r || s (64 bytes, RFC 7518 §3.4) to DER; the length, or 0. `der` has room for 72 bytes.
static inline int atelier_ecdsa_raw_to_der(const unsigned char raw[64], unsigned char *der) {
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
    int length = 0;
    if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
        length = i2d_ECDSA_SIG(signature, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return length > 0 ? length : 0;
}

// From DER to r || s; 1 on success.
static inline int atelier_ecdsa_der_to_raw(const unsigned char *der, long length, unsigned char raw[64]) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, length);
    if (!signature) return 0;
    int ok = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32) == 32
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32) == 32;
    ECDSA_SIG_free(signature);
    return ok;
}

// `BIO_get_mem_data` is a macro.
static inline long atelier_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// SHA-256 whose state can be taken out and put back. OpenSSL's own digests (EVP) keep theirs to themselves, and what
// does not is marked as deprecated.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline void atelier_sha256_begin(SHA256_CTX *context) { SHA256_Init(context); }
static inline void atelier_sha256_update(SHA256_CTX *context, const void *bytes, size_t count) {
    SHA256_Update(context, bytes, count);
}
static inline void atelier_sha256_end(SHA256_CTX *context, unsigned char digest[32]) { SHA256_Final(digest, context); }
#pragma clang diagnostic pop

// The state as bytes: the eight words and the count of bits, each byte by byte from its highest, then what waits for a
// block to be whole. Returns how many bytes there are, 104 at most.
static inline size_t atelier_sha256_save(const SHA256_CTX *context, unsigned char *out) {
    SHA_LONG words[10] = {0};
    memcpy(words, context->h, sizeof context->h);
    words[8] = context->Nh;
    words[9] = context->Nl;
    for (int i = 0; i < 40; i++) out[i] = (unsigned char)(words[i / 4] >> (24 - 8 * (i % 4)));
    memcpy(out + 40, context->data, context->num);
    return 40 + context->num;
}

// Puts a saved state back; 0 where it is none.
static inline int atelier_sha256_restore(SHA256_CTX *context, const unsigned char *saved, size_t count) {
    SHA_LONG words[10] = {0};
    if (count < 40 || count >= 40 + 64) return 0;
    for (int i = 0; i < 40; i++) words[i / 4] |= (SHA_LONG)saved[i] << (24 - 8 * (i % 4));
    if ((words[9] / 8) % 64 != count - 40) return 0;
    atelier_sha256_begin(context);
    memcpy(context->h, words, sizeof context->h);
    context->Nh = words[8];
    context->Nl = words[9];
    context->num = (unsigned int)(count - 40);
    memcpy(context->data, saved + 40, count - 40);
    return 1;
}
