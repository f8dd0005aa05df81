/* Classifies pictures with a model file: predict MODEL.safetensors PICTURE... */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: predict MODEL PICTURE...\n"), 2;
    fv_model *net = fv_model_load(argv[1]);
    fv_predictor *predictor = fv_predictor_new(net); /* NULL if net is: the message stays the first */
    int classes = predictor ? fv_model_classes(net) : 0, failed = !predictor;
    float *p = calloc((size_t)classes + 1, sizeof *p);
    if (!predictor || !p) fprintf(stderr, "%s\n", fv_error());

    for (int i = 2; i < argc && predictor && p; i++) {
        if (fv_predict_file(predictor, argv[i], p) != FV_OK) {
            fprintf(stderr, "%s\n", fv_error());
            failed = 1;
            continue;
        }
        int best = 0;
        for (int k = 1; k < classes; k++)
            if (p[k] > p[best]) best = k;
        printf("%s: %s %.3f\n", argv[i], fv_model_class_name(net, best), (double)p[best]);
    }
    free(p);
    fv_predictor_free(predictor);
    fv_model_free(net);
    return failed;
}
