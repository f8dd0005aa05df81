/* A model file of a network as it is initialised: `save MODEL FILE`. Speed does not ask what weights are. */
#include "fovea/fovea.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: save MODEL FILE.safetensors\n"), 2;
    fv_model *model = fv_network(argv[1], &(fv_arch){0});
    fv_status status = fv_model_save(model, argv[2]);
    if (status != FV_OK) fprintf(stderr, "save: %s\n", fv_error());
    fv_model_free(model);
    return status != FV_OK;
}
