/* TIFF files. */
#include "fuzz/decoder.h"
#include "image/tiff_fixtures.h"

FUZZ_DECODER(tiff_fixtures)
