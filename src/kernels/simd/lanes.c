/* Blocks of channels put together from lanes of other blocks. */
#include "kernels/simd/vector.h"

#if FV_WIDTH == 4
/* Where a block is more than a vector: lane by lane. */
void SIMD(gather_lanes)(size_t places, int block, int count, const fv_lanes *from, float *y) {
    memset(y, 0, places * (size_t)block * sizeof *y);
    for (const fv_lanes *f = from; f < from + count; f++)
        for (int j = 0; j < block; j++)
            for (size_t p = 0; p < places * (size_t)block && f->lane[j] >= 0; p += (size_t)block)
                y[p + (size_t)j] = f->x[p + (size_t)f->lane[j]];
}
#else
/* The lanes of one source: those that it does not give read lane 0 and are not taken. */
typedef struct source {
    const float *x;
    vi lane;
    mask given;
} source;

FV_INLINE source source_of(const fv_lanes *from) {
    vi lane, none = (vi){0} - 1;
    memcpy(&lane, from->lane, sizeof lane);
    mask given = greater(__builtin_convertvector(lane, vf), __builtin_convertvector(none, vf));
    return (source){from->x, choose_int(given, lane, (vi){0}), given};
}

FV_INLINE void gather(const int COUNT, size_t places, const fv_lanes *from, float *y) {
    source s[4];
#pragma GCC unroll 4
    for (int i = 0; i < COUNT; i++) s[i] = source_of(&from[i]);
    for (size_t p = 0; p < places * WIDTH; p += WIDTH) {
        vf v = {0};
#pragma GCC unroll 4
        for (int i = 0; i < COUNT; i++) v = choose(s[i].given, pick(load(s[i].x + p), s[i].lane), v);
        store(y + p, v);
    }
}

/* More sources, on top of what is there. */
FV_INLINE void gather_more(size_t places, const fv_lanes *from, float *y) {
    source s = source_of(from);
    for (size_t p = 0; p < places * WIDTH; p += WIDTH)
        store(y + p, choose(s.given, pick(load(s.x + p), s.lane), load(y + p)));
}

void SIMD(gather_lanes)(size_t places, int block, int count, const fv_lanes *from, float *y) {
    (void)block; /* WIDTH */
    switch (count) {
    case 0:
        memset(y, 0, places * WIDTH * sizeof *y);
        return;
    case 1:
        gather(1, places, from, y);
        return;
    case 2:
        gather(2, places, from, y);
        return;
    case 3:
        gather(3, places, from, y);
        return;
    default:
        gather(4, places, from, y);
        for (int i = 4; i < count; i++) gather_more(places, &from[i], y);
    }
}
#endif
