#include "formats/tensor.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little-endian numbers and are used as they lie");

static const struct {
    const char *name;
    size_t bytes;
} types[FV_DTYPES] = {
    [FV_DTYPE_BOOL] = {"BOOL", 1}, [FV_DTYPE_U8] = {"U8", 1},   [FV_DTYPE_I8] = {"I8", 1},
    [FV_DTYPE_U16] = {"U16", 2},   [FV_DTYPE_I16] = {"I16", 2}, [FV_DTYPE_F16] = {"F16", 2},
    [FV_DTYPE_BF16] = {"BF16", 2}, [FV_DTYPE_U32] = {"U32", 4}, [FV_DTYPE_I32] = {"I32", 4},
    [FV_DTYPE_F32] = {"F32", 4},   [FV_DTYPE_U64] = {"U64", 8}, [FV_DTYPE_I64] = {"I64", 8},
    [FV_DTYPE_F64] = {"F64", 8},
};

const char *fv_dtype_name(fv_dtype dtype) { return types[dtype].name; }

size_t fv_dtype_bytes(fv_dtype dtype) { return types[dtype].bytes; }

fv_dtype fv_dtype_find(const char *name) {
    int i = 0;
    while (i < FV_DTYPES && strcmp(name, types[i].name) != 0) i++;
    return (fv_dtype)i;
}

bool fv_tensor_bytes(fv_dtype dtype, int rank, const size_t *dims, size_t *bytes) {
    *bytes = fv_dtype_bytes(dtype);
    for (int i = 0; i < rank; i++)
        if (!fv_size_mul(*bytes, dims[i], bytes)) return false;
    return true;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The float of a half, as bits, so that NaN payloads stay. A subnormal half is a normal float: its product below is
 * exact and meets no denormal, whatever the thread's mode. All three are made, so that loops become vector code. */
static uint32_t half_bits(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half & 0x7c00u, fraction = half & 0x3ffu;
    uint32_t normal = ((uint32_t)(half & 0x7fffu) << 13) + ((127u - 15u) << 23);
    uint32_t special = 0x7f800000u | fraction << 13, subnormal = float_bits((float)(int32_t)fraction * 0x1p-24f);
    return sign | (exponent == 0x7c00u ? special : exponent ? normal : subnormal);
}

static void from_f16(const unsigned char *in, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, in + 2 * i, sizeof half);
        uint32_t bits = half_bits(half);
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void from_bf16(const unsigned char *in, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        uint16_t upper;
        memcpy(&upper, in + 2 * i, sizeof upper);
        uint32_t bits = (uint32_t)upper << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void from_f32(const unsigned char *in, size_t count, float *out) { memcpy(out, in, count * sizeof *out); }

static void from_f64(const unsigned char *in, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, in + 8 * i, sizeof value);
        out[i] = (float)value;
    }
}

fv_status fv_tensor_to_f32(const fv_tensor_view *tensor, float *out) {
    static void (*const convert[FV_DTYPES])(const unsigned char *in, size_t count, float *out) = {
        [FV_DTYPE_F16] = from_f16,
        [FV_DTYPE_BF16] = from_bf16,
        [FV_DTYPE_F32] = from_f32,
        [FV_DTYPE_F64] = from_f64,
    };
    if (!convert[tensor->dtype])
        return fv_fail(FV_UNSUPPORTED, "tensor \"%.200s\" is of type %s: floats are wanted (F32, F16, BF16 or F64)",
                       tensor->name, fv_dtype_name(tensor->dtype));
    convert[tensor->dtype](tensor->data, tensor->bytes / fv_dtype_bytes(tensor->dtype), out);
    return FV_OK;
}

size_t fv_tensor_finite(const fv_tensor_view *tensor) {
    enum { CHUNK = 1024 };
    float values[CHUNK];
    size_t size = fv_dtype_bytes(tensor->dtype), count = tensor->bytes / size, n;
    for (size_t at = 0; at < count; at += n) {
        n = count - at < CHUNK ? count - at : CHUNK;
        fv_tensor_view chunk = *tensor;
        chunk.data = (const unsigned char *)tensor->data + at * size;
        chunk.bytes = n * size;
        fv_tensor_to_f32(&chunk, values);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(values[i])) return at + i;
    }
    return count;
}
