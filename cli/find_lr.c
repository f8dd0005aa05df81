#include "find_lr.h"

#include "core/status.h"
#include "text.h"

#include <stdio.h>

static void print_table(const fv_lr_search *search) {
    printf("%10s  %8s\n", "lr", "loss");
    for (int i = 0; i < search->n; i++)
        printf("%10.3g  %8.4f%s\n", (double)search->lr[i], search->loss[i],
               search->lr[i] == search->suggestion ? "  <" : "");
}

fv_status cli_find_lr(const cli_options *o, fv_model *model, const fv_dataset *train, const fv_fit_args *args) {
    fv_lr_search search = {.steps = (int)o->find_lr};
    FV_TRY(fv_find_lr_with(model, train, &search, args));
    print_table(&search);
    if (search.suggestion > 0)
        cli_say("the loss falls steepest at --lr %.2g; nothing was trained", (double)search.suggestion);
    else
        cli_say("the loss falls nowhere; nothing was trained");
    return FV_OK;
}
