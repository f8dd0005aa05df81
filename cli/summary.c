/* fovea summary */
#include "core/status.h"
#include "dot.h"
#include "inputs.h"
#include "text.h"

#include <string.h>

static const char *shape_text(const int shape[3], char text[64]) {
    snprintf(text, 64, "%dx%dx%d", shape[0], shape[1], shape[2]);
    return text;
}

static void print_json(const fv_model *model) {
    int in[3];
    fv_layer_info layer;
    fv_model_input(model, &in[0], &in[1], &in[2]);
    printf("{\"model\":");
    cli_print_json(stdout, fv_model_network(model));
    printf(",\"input\":[%d,%d,%d],\"parameters\":%zu,\"macs\":%zu,\"layers\":[", in[0], in[1], in[2],
           fv_model_parameters(model), fv_model_macs(model));
    for (int i = 0; fv_model_layer(model, i, &layer); i++) {
        printf("%s{\"name\":", i ? "," : "");
        cli_print_json(stdout, layer.name);
        printf(",\"op\":");
        cli_print_json(stdout, layer.op);
        printf(",\"output\":[%d,%d,%d],\"parameters\":%zu,\"macs\":%zu}", layer.output[0], layer.output[1],
               layer.output[2], layer.parameters, layer.macs);
    }
    puts("]}");
}

static const char *count_or_dash(size_t number, char text[32]) { return number ? cli_count(number, text) : "-"; }

/* Widths of the columns of names and operators. */
static void measure(const fv_model *model, int *name, int *op) {
    fv_layer_info layer;
    *name = *op = 5;
    for (int i = 0; fv_model_layer(model, i, &layer); i++) {
        if ((int)strlen(layer.name) > *name) *name = (int)strlen(layer.name);
        if ((int)strlen(layer.op) > *op) *op = (int)strlen(layer.op);
    }
}

static void print_table(const fv_model *model) {
    int in[3], name, op;
    char shape[64], parameters[32], macs[32];
    fv_layer_info layer;
    fv_model_input(model, &in[0], &in[1], &in[2]);
    measure(model, &name, &op);
    printf("%s: input %s, %d classes\n\n", fv_model_network(model), shape_text(in, shape), fv_model_classes(model));
    printf("%-*s  %-*s  %-14s %14s %16s\n", name, "layer", op, "op", "output", "parameters", "MACs");
    for (int i = 0; fv_model_layer(model, i, &layer); i++)
        printf("%-*s  %-*s  %-14s %14s %16s\n", name, layer.name, op, layer.op, shape_text(layer.output, shape),
               count_or_dash(layer.parameters, parameters), count_or_dash(layer.macs, macs));
    printf("%-*s  %-*s  %-14s %14s %16s\n", name, "total", op, "", "",
           cli_count(fv_model_parameters(model), parameters), cli_count(fv_model_macs(model), macs));
}

fv_status cli_summary(cli_options *o) {
    if (o->dot && o->json) return fv_fail(FV_BAD_ARGUMENT, "--dot and --json: give one of them");
    fv_model *model = cli_open_model(o, o->arguments[0]);
    if (!model) return fv_last_status();
    (o->dot ? cli_print_dot : o->json ? print_json : print_table)(model);
    fv_model_free(model);
    return FV_OK;
}
