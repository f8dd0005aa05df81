/* A network of one's own: values thread through, names become parameter names, sizes follow from the input. */
#include <fovea/fovea.h>
#include <stdio.h>

static fv_value *block(fv_value *x, const char *name, int width) {
    fv_scope(fv_value_graph(x), "%s", name);
    x = fv_conv2d(x, "conv", width, 3, .pad = 1, .no_bias = true);
    x = fv_relu(fv_batch_norm(x, "bn"));
    fv_unscope(fv_value_graph(x));
    return fv_max_pool(x, 2);
}

int main(void) {
    fv_graph *g = fv_graph_new("small");
    fv_value *x = fv_input(g, 3, 32, 32);
    x = block(x, "stage1", 16);
    x = block(x, "stage2", 32);
    x = fv_linear(fv_flatten(fv_global_avg_pool(x)), "fc", 2);
    fv_model *net = fv_model_new(x, .seed = 1); /* NULL passes through: one check at the end */
    fv_dataset *train = fv_fundus(.size = 32, .count = 64);

    fv_layer_info layer;
    for (int i = 0; fv_model_layer(net, i, &layer); i++)
        printf("%-16s %-16s %dx%dx%d\n", layer.name, layer.op, layer.output[0], layer.output[1], layer.output[2]);
    fv_status err = fv_fit(net, train, NULL, .optimizer = fv_momentum(.lr = 0.05f), .epochs = 2, .batch_size = 16);
    if (err)
        fprintf(stderr, "%s\n", fv_error());
    else
        printf("trained %zu parameters\n", fv_model_parameters(net));

    fv_dataset_free(train);
    fv_model_free(net);
    return err != FV_OK;
}
