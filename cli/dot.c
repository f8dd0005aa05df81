#include "dot.h"

#include "text.h"

#include <string.h>

/* Within a label's quotes. */
static void print_label(const char *text) {
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar(*text > 0 && *text < ' ' ? '?' : *text);
    }
}

static void print_count(const char *before, size_t count, const char *what) {
    char text[32];
    if (count) printf("%s%s %s", before, cli_count(count, text), what);
}

static void print_layer(const fv_layer_info *layer, int index) {
    printf("  %d [label=\"", index);
    if (strcmp(layer->name, layer->op) != 0) {
        print_label(layer->name);
        printf("\\n");
    }
    printf("%s %dx%dx%d", layer->op, layer->output[0], layer->output[1], layer->output[2]);
    print_count("\\n", layer->parameters, "parameters");
    print_count(layer->parameters ? ", " : "\\n", layer->macs, "MACs");
    printf("\"%s];\n", layer->auxiliary ? ", style=dashed" : "");
}

void cli_print_dot(const fv_model *model) {
    fv_layer_info layer;
    printf("digraph {\n  label=\"");
    print_label(fv_model_network(model));
    puts("\";\n  labelloc=t;\n  node [shape=box];");
    for (int i = 0; fv_model_layer(model, i, &layer); i++) {
        print_layer(&layer, i);
        for (int which = 0, from; (from = fv_model_layer_input(model, i, which)) >= 0; which++)
            printf("  %d -> %d;\n", from, i);
    }
    puts("}");
}
