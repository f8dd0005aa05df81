/* The input is a model file twice: as it is, and as the metadata of one whose tensors are those of the seeds' network. What
 * loads is asked for all it knows, and runs where that is cheap. */
#include "engine/model.h"
#include "formats/model_file.h"
#include "formats/quote.h"
#include "fovea/train.h"

#include "core/memory.h"
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) abort();
}

/* ---- What a loaded model must bear ------------------------------------------------------------------------------------- */

static bool is_cheap(const fv_model *model) {
    enum { MOST = 100000 };
    size_t floats = 0;
    for (int id = 0; id < model->graph->n_nodes; id++) floats += fv_shape_count(&model->graph->nodes[id]->out[0].shape);
    return floats <= MOST && fv_model_macs(model) <= MOST && model->graph->n_nodes <= 100;
}

static void run(fv_model *model) {
    size_t count = fv_shape_count(&model->graph->input->shape), outputs = (size_t)fv_model_outputs(model);
    float *x = fv_alloc(count, sizeof *x), *logits = fv_alloc(2 * outputs, sizeof *logits);
    fv_predictor *p = fv_predictor_new(model, .threads = 1);
    (void)fv_forward(p, x, 1, logits); /* a network may be beyond the kernels; the message says so */
    fv_predictor_free(p);
    fv_free(x);
    fv_free(logits);
}

static void ask(fv_model *model) {
    fv_layer_info layer;
    fv_parameter_info parameter;
    for (int i = 0; fv_model_layer(model, i, &layer); i++) require(layer.name && layer.op);
    for (int i = 0; fv_model_parameter(model, i, &parameter); i++) require(parameter.name && parameter.rank <= 4);
    for (int i = 0; i < fv_model_classes(model); i++) require(fv_model_class_name(model, i) != NULL);
    if (is_cheap(model)) run(model);
}

static void check(const uint8_t *bytes, size_t count) {
    fuzz_budget(count);
    fv_model *model = fv_model_parse(bytes, count, "fuzz");
    fuzz_limit(SIZE_MAX);
    if (!model)
        require(strncmp(fv_error(), "fuzz", 4) == 0 && !strchr(fv_error(), '\n'));
    else
        ask(model);
    fv_model_free(model);
}

/* ---- A file around a document ------------------------------------------------------------------------------------------ */

static const char before[] = "{\"__metadata__\":{\"fovea\":";
static const char after[] = "},\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,3,3],\"data_offsets\":[0,72]},"
                            "\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[72,80]},"
                            "\"bn.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[80,88]},"
                            "\"bn.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[88,96]},"
                            "\"bn.running_mean\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[96,104]},"
                            "\"bn.running_var\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[104,112]},"
                            "\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[3,8],\"data_offsets\":[112,208]},"
                            "\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[208,220]}}";
enum { TENSORS = 220 };

static void check_document(const char *text) {
    size_t quoted = fv_quote(text, NULL);
    uint64_t header = sizeof before - 1 + quoted + sizeof after - 1;
    size_t count = sizeof header + header + TENSORS;
    char *file = fv_alloc(count, 1), *at = file;
    memcpy(at, &header, sizeof header);
    at += sizeof header;
    memcpy(at, before, sizeof before - 1);
    at += sizeof before - 1;
    at += fv_quote(text, at);
    memcpy(at, after, sizeof after - 1);
    check((const uint8_t *)file, count);
    fv_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(data, size);
    char *text = fv_alloc(size + 1, 1);
    if (size) memcpy(text, data, size);
    check_document(text);
    fv_free(text);
    return 0;
}
