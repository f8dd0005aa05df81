/* BMP files. */
#include "fuzz/decoder.h"
#include "image/bmp_fixtures.h"

FUZZ_DECODER(bmp_fixtures)
