/* WebP files. */
#include "fuzz/decoder.h"
#include "image/webp_fixtures.h"

FUZZ_DECODER(webp_fixtures)
