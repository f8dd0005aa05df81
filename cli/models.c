/* fovea models */
#include "options.h"

#include "core/status.h"
#include "fovea/model.h"
#include "text.h"

static void print_json(const fv_network_info *info, const fv_model *model, bool first) {
    printf("%s{\"name\":", first ? "[" : ",\n ");
    cli_print_json(stdout, info->name);
    printf(",\"parameters\":%zu,\"macs\":%zu,\"input\":[%d,%d,%d],\"options\":[", fv_model_parameters(model),
           fv_model_macs(model), info->input[0], info->input[1], info->input[2]);
    for (int i = 0; info->options[i]; i++) {
        if (i) putchar(',');
        cli_print_json(stdout, info->options[i]);
    }
    printf("],\"paper\":");
    cli_print_json(stdout, info->paper);
    putchar('}');
}

static void print_row(const fv_network_info *info, const fv_model *model, bool first) {
    static const char format[] = "%-18s %12s %15s  %-11s  %-31s  %s\n";
    char parameters[32], macs[32], shape[64], options[128] = "-";
    if (first) printf(format, "name", "parameters", "MACs", "input", "options", "paper");
    snprintf(shape, sizeof shape, "%dx%dx%d", info->input[0], info->input[1], info->input[2]);
    for (int i = 0, at = 0; info->options[i] && at < (int)sizeof options; i++)
        at += snprintf(options + at, sizeof options - (size_t)at, "%s%s", i ? "," : "", info->options[i]);
    printf(format, info->name, cli_count(fv_model_parameters(model), parameters), cli_count(fv_model_macs(model), macs),
           shape, options, info->paper);
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
