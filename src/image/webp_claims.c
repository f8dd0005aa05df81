/* How many groups of prefix codes a lossless WebP picture has, before libwebp makes tables for them. That is the largest number
 * in its entropy image, whose pixels say which group each block of the picture uses; what stands before it, images of the
 * transforms, is passed over. Copied pixels are others once more, so none is kept: literals alone can be the largest.
 * Source: RFC 9649, 3 (WebP lossless). */
#include "core/memory.h"
#include "image/webp.h"

#include <string.h>
#include <webp/decode.h>

enum { LITERALS = 256, LENGTHS = 24, DISTANCES = 40, MOST_CACHE_BITS = 11, LONGEST = 15 };
enum { MOST_SYMBOLS = LITERALS + LENGTHS + (1 << MOST_CACHE_BITS) };

/* ---- Bits, the lowest first --------------------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *at, *end;
    uint64_t held;
    int n;     /* bits held */
    bool over; /* past the end, or what it says is impossible: what is read from here on means nothing */
} reader;

static uint32_t read_bits(reader *r, int n) {
    for (; r->n < n; r->n += 8) {
        r->over = r->over || r->at == r->end;
        if (r->at < r->end) r->held |= (uint64_t)*r->at++ << r->n;
    }
    uint32_t bits = (uint32_t)(r->held & ((1u << n) - 1));
    r->held >>= n;
    r->n -= n;
    return bits;
}

/* ---- Prefix codes: canonical, as Deflate's ------------------------------------------------------------------------ */

typedef struct code {
    int symbols;                    /* in use; of one alone, no bit is read */
    uint16_t counts[LONGEST + 1];   /* of the symbols of each length */
    uint16_t ordered[MOST_SYMBOLS]; /* the symbols, by length and number */
} code;

static void make_code(reader *r, const uint8_t *lengths, int n, code *c) {
    int left = 1, starts[LONGEST + 2] = {0};
    memset(c->counts, 0, sizeof c->counts);
    for (int i = 0; i < n; i++) c->counts[lengths[i]]++;
    c->symbols = n - c->counts[0];
    c->counts[0] = 0;
    for (int length = 1; length <= LONGEST; length++) {
        left = 2 * left - c->counts[length];
        starts[length + 1] = starts[length] + c->counts[length];
        r->over = r->over || left < 0;
    }
    r->over = r->over || (c->symbols != 1 && left != 0);
    for (int i = 0; i < n; i++)
        if (lengths[i]) c->ordered[starts[lengths[i]]++] = (uint16_t)i;
}

static int read_symbol(reader *r, const code *c) {
    if (c->symbols == 1) return c->ordered[0];
    for (int length = 1, word = 0, first = 0, index = 0; length <= LONGEST && !r->over; length++) {
        word = word << 1 | (int)read_bits(r, 1);
        if (word - first < c->counts[length]) return c->ordered[index + word - first];
        index += c->counts[length];
        first = (first + c->counts[length]) << 1;
    }
    r->over = true;
    return 0;
}

/* Lengths of codes are themselves coded: 16 repeats the last one, 17 and 18 are runs of zeros. */
static void read_lengths(reader *r, int n, uint8_t *lengths) {
    static const uint8_t order[] = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const uint8_t bits[] = {2, 3, 7}, least[] = {3, 3, 11};
    uint8_t own[sizeof order] = {0}, last = 8;
    code c;
    for (int i = 0, given = 4 + (int)read_bits(r, 4); i < given; i++) own[order[i]] = (uint8_t)read_bits(r, 3);
    make_code(r, own, sizeof order, &c);
    int most = n;
    if (read_bits(r, 1)) most = 2 + (int)read_bits(r, 2 + 2 * (int)read_bits(r, 3));
    r->over = r->over || most > n;
    for (int i = 0; i < n && most-- > 0 && !r->over;) {
        int symbol = read_symbol(r, &c);
        int times = symbol < 16 ? 1 : least[symbol - 16] + (int)read_bits(r, bits[symbol - 16]);
        if (times > n - i) r->over = true;
        if (symbol < 16 && symbol) last = (uint8_t)symbol;
        for (; times > 0 && i < n; times--) lengths[i++] = symbol < 16 ? (uint8_t)symbol : symbol == 16 ? last : 0;
    }
}

static void read_code(reader *r, int n, code *c) {
    uint8_t lengths[MOST_SYMBOLS] = {0};
    if (read_bits(r, 1)) { /* one symbol, or two */
        bool two = read_bits(r, 1), wide = read_bits(r, 1);
        lengths[read_bits(r, wide ? 8 : 1)] = 1;
        if (two) lengths[read_bits(r, 8)] = 1;
    } else {
        read_lengths(r, n, lengths);
    }
    make_code(r, lengths, n, c);
}

/* ---- Images within the picture ------------------------------------------------------------------------------------ */

/* 0: none. */
static int read_cache_bits(reader *r) {
    if (!read_bits(r, 1)) return 0;
    int bits = (int)read_bits(r, 4);
    r->over = r->over || bits < 1 || bits > MOST_CACHE_BITS;
    return r->over ? 0 : bits;
}

/* A length or a distance: small ones as they are, others with so many bits more. */
static size_t read_amount(reader *r, int symbol) {
    if (symbol < 4) return (size_t)symbol + 1;
    int bits = (symbol - 2) >> 1;
    return ((2 + ((size_t)symbol & 1)) << bits) + read_bits(r, bits) + 1;
}

/* The largest red * 256 + green of an image of one group of codes. */
static uint32_t pass_image(reader *r, size_t pixels) {
    enum { GREEN, RED, BLUE, ALPHA, DISTANCE, CODES };
    code codes[CODES];
    uint32_t largest = 0;
    int cache_bits = read_cache_bits(r), cached = cache_bits ? 1 << cache_bits : 0;
    for (int i = 0; i < CODES; i++)
        read_code(r, i == GREEN ? LITERALS + LENGTHS + cached : i == DISTANCE ? DISTANCES : LITERALS, &codes[i]);
    for (size_t i = 0; i < pixels && !r->over;) {
        int green = read_symbol(r, &codes[GREEN]);
        if (green >= LITERALS && green < LITERALS + LENGTHS) {
            i += read_amount(r, green - LITERALS);
            (void)read_amount(r, read_symbol(r, &codes[DISTANCE]));
            continue;
        }
        i++;
        if (green >= LITERALS) continue;
        uint32_t number = (uint32_t)read_symbol(r, &codes[RED]) << 8 | (uint32_t)green;
        (void)read_symbol(r, &codes[BLUE]), (void)read_symbol(r, &codes[ALPHA]);
        if (number > largest) largest = number;
    }
    return largest;
}

static size_t blocks(size_t side, int bits) { return (side + ((size_t)1 << bits) - 1) >> bits; }

/* Passes over the transforms; a palette packs up to eight pixels into one, which narrows the picture. */
static void pass_transforms(reader *r, size_t *width, size_t height) {
    enum { PREDICTOR, COLOR, SUBTRACT_GREEN, PALETTE };
    unsigned seen = 0;
    while (read_bits(r, 1) && !r->over) {
        unsigned kind = read_bits(r, 2);
        r->over = r->over || (seen & 1u << kind); /* each once at most */
        seen |= 1u << kind;
        if (kind == PREDICTOR || kind == COLOR) {
            int bits = 2 + (int)read_bits(r, 3);
            (void)pass_image(r, blocks(*width, bits) * blocks(height, bits));
        } else if (kind == PALETTE) {
            size_t colors = 1 + read_bits(r, 8);
            *width = blocks(*width, colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3);
            (void)pass_image(r, colors);
        }
    }
}

/* ---- libwebp's memory --------------------------------------------------------------------------------------------- */

/* A group's tables have so many entries of 4 bytes, by the bits of the color cache (libwebp's kTableSize), and beside them
 * a structure. The picture's entropy image has 4 bytes a pixel. */
static const uint16_t table_entries[] = {2954, 2956, 2958, 2962, 2970, 2986, 3018, 3082, 3212, 3468, 3980, 5004};
enum { GROUP_BYTES = 640 };

static size_t claims_of(reader *r, size_t width, size_t height) {
    pass_transforms(r, &width, height);
    int cache_bits = read_cache_bits(r);
    if (r->over || !read_bits(r, 1)) return 0; /* all is one group */
    int bits = 2 + (int)read_bits(r, 3);
    size_t pixels = blocks(width, bits) * blocks(height, bits), groups = pass_image(r, pixels) + (size_t)1;
    if (r->over) return 0;
    return 4 * pixels + groups * (GROUP_BYTES + 4 * (size_t)table_entries[cache_bits]);
}

enum { RIFF_HEADER = 12, CHUNK_HEADER = 8, SIZE_BYTES = 5 };

/* A chunk's: of a picture, behind a signature and its size; of alpha, behind a byte whose lowest two bits say how. */
static size_t chunk_claims(const uint8_t *chunk, size_t length, const WebPBitstreamFeatures *f) {
    reader r = {.at = chunk + CHUNK_HEADER, .end = chunk + CHUNK_HEADER + length};
    size_t skipped = memcmp(chunk, "VP8L", 4) == 0 ? SIZE_BYTES : memcmp(chunk, "ALPH", 4) == 0 ? 1 : 0;
    if (!skipped || length < skipped || (skipped == 1 && (*r.at & 3) != 1)) return 0;
    r.at += skipped;
    return claims_of(&r, (size_t)f->width, (size_t)f->height);
}

size_t fv_webp_claims(const uint8_t *bytes, size_t count) {
    WebPBitstreamFeatures f;
    size_t most = 0;
    if (WebPGetFeatures(bytes, count, &f) != VP8_STATUS_OK) return 0;
    for (size_t at = RIFF_HEADER, length; at <= count && count - at > CHUNK_HEADER;
         at += CHUNK_HEADER + length + length % 2) {
        const uint8_t *size = bytes + at + 4;
        length = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
        if (length > count - at - CHUNK_HEADER) length = count - at - CHUNK_HEADER;
        size_t claims = chunk_claims(bytes + at, length, &f);
        if (claims > most) most = claims;
    }
    return most;
}
