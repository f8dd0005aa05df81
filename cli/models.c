/* fovea models */
#include "options.h"

#include "core/status.h"
#include "fovea/model.h"
#include "text.h"

static void print_json(const fv_network_info *info, const fv_model *model, bool first) {
    printf("%s{\"name\":", first ? "[" : ",\n ");
    cli_print_json(stdout, info->name);
    printf(",\"parameters\":%zu,\"macs\":%zu,\"input\":[%d,%d,%d],\"paper\":", fv_model_parameters(model),
           fv_model_macs(model), info->input[0], info->input[1], info->input[2]);
    cli_print_json(stdout, info->paper);
    putchar('}');
}

static void print_row(const fv_network_info *info, const fv_model *model, bool first) {
    char parameters[32], macs[32], shape[64];
    if (first) printf("%-18s %12s %15s  %-11s  %s\n", "name", "parameters", "MACs", "input", "paper");
    snprintf(shape, sizeof shape, "%dx%dx%d", info->input[0], info->input[1], info->input[2]);
    printf("%-18s %12s %15s  %-11s  %s\n", info->name, cli_count(fv_model_parameters(model), parameters),
           cli_count(fv_model_macs(model), macs), shape, info->paper);
}

fv_status cli_models(cli_options *o) {
    fv_network_info info;
    for (int i = 0; fv_network_at(i, &info); i++) {
        fv_model *model = fv_network(info.name, FV_ARCH(.init.kind = FV_INIT_ZERO)); /* memory that nobody touches */
        if (!model) return fv_last_status();
        if (o->json)
            print_json(&info, model, i == 0);
        else
            print_row(&info, model, i == 0);
        fv_model_free(model);
    }
    if (o->json) puts("]");
    return FV_OK;
}
