/* Netpbm's files. */
#include "fuzz/decoder.h"
#include "image/pnm_fixtures.h"

FUZZ_DECODER(pnm_fixtures)
