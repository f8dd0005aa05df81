/* A page of a run made here, whose classes have hostile names; and what pages are made of runs that lack something. */
#include "fovea/report.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 48, SIDE = 8 };

static uint8_t pixels[COUNT * SIDE * SIDE * 3];
static int labels[COUNT];
static const char *const names[] = {"<script>alert(1)</script>", "a \"b\" & 'c'", "caf\xc3\xa9 \xe2\x80\xae"};

static fv_dataset *colored(int classes) {
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i % classes;
        for (int p = 0; p < SIDE * SIDE * 3; p++)
            pixels[i * SIDE * SIDE * 3 + p] = (uint8_t)((p % 3 == labels[i] ? 150 : 50) + (i * 31 + p * 17) % 100);
    }
    return fv_dataset_from_memory(pixels, labels, COUNT, 3, SIDE, SIDE, classes, names);
}

static const char *run_folder(void) { return temporary("run"); }

static void make_run(int outputs, int classes) {
    fv_dataset *set = colored(classes);
    fv_value *x = fv_flatten(fv_input(fv_graph_new("flat"), 3, SIDE, SIDE));
    fv_model *model = fv_model_new(fv_linear(x, "fc", outputs), .seed = 1);
    if (fv_model_set_classes(model, names, classes, classes == 2) != FV_OK ||
        fv_fit(model, set, set, .epochs = 2, .batch_size = 16, .threads = 1, .save_dir = run_folder(),
               .overwrite = true, .config = "model = <b>flat\nepochs = 3\nno equals sign\n"))
        fail_msg("%s", fv_error());
    fv_model_free(model);
    fv_dataset_free(set);
}

/* The page; free it. */
static char *page(const fv_report_args *args) {
    size_t count;
    const char *file = temporary("page.html");
    if (fv_report_with(run_folder(), file, args) != FV_OK) fail_msg("%s", fv_error());
    char *bytes = file_bytes(file, &count), *text = realloc(bytes, count + 1);
    assert_non_null(text);
    text[count] = '\0';
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<b>flat"));
    assert_null(strstr(text, "\xe2\x80\xae")); /* turns the direction of writing */
    assert_contains(text, "</html>\n");
    return text;
}

static int count_of(const char *text, const char *part) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) n++;
    return n;
}

static void check_whole(int outputs, int classes) {
    make_run(outputs, classes);
    fv_dataset *set = colored(classes);
    char *text = page(&(fv_report_args){.data = set, .train = set, .data_name = "<i>"});
    static const char *const ids[] = {"training", "measures", "ranking", "confusion", "pictures", "settings"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char tag[48];
        snprintf(tag, sizeof tag, "<section id=%s ", ids[i]);
        assert_int_equal(count_of(text, tag), 1);
    }
    assert_contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_contains(text, "epoch 2 of 3");
    assert_contains(text, "measured on <bdi>&lt;i&gt;</bdi>, 48 images");
    assert_int_equal(count_of(text, "<figure class=plot>"), 5);
    assert_int_equal(count_of(text, "class=\"right"), classes);
    assert_int_equal(count_of(text, "class=\"wrong"), classes * (classes - 1));
    assert_int_equal(count_of(text, "src=\"data:image/png;base64,iVBORw0KGgo"), count_of(text, "<img "));
    assert_true(count_of(text, "<img ") >= 12);
    assert_null(strstr(text, "http-equiv=refresh"));
    char versions[200];
    snprintf(versions, sizeof versions, "<dt>trained by</dt><dd>%s, 1 thread</dd>", fv_version());
    assert_contains(text, versions);
    fv_dataset_free(set);
    free(text);
}

static void of_one_logit(void **s) { (void)s, check_whole(1, 2); }
static void of_two_logits(void **s) { (void)s, check_whole(2, 2); }
static void of_three_classes(void **s) { (void)s, check_whole(3, 3); }

static void while_it_goes_on(void **s) {
    (void)s;
    make_run(3, 3);
    fv_dataset *set = colored(3);
    uint64_t fingerprint;
    char *text = page(&(fv_report_args){.refresh = 7, .epochs = 9, .seconds_left = 312, .train = set, .data = set}),
         code[64];
    assert_contains(text, "<meta http-equiv=refresh content=7>");
    assert_contains(text, "measures and pictures follow when the run has ended");
    assert_contains(text, "epoch 2 of 9, the model of epoch ");
    assert_contains(text, ", about 5:12 min left; this page loads itself anew every 7 s");
    assert_contains(text, "<progress max=9 value=2 ");
    assert_contains(text, "<dt>validated on</dt><dd>memory: 48 images, 3 classes</dd>");
    assert_int_equal(fv_dataset_fingerprint(set, FV_REPORT_PIXELS, &fingerprint), FV_OK);
    snprintf(code, sizeof code, "<code>%016llx</code> of labels and all pixels</dd>", (unsigned long long)fingerprint);
    assert_contains(text, code);
    assert_int_equal(count_of(text, "<figure class=plot>"), 3);
    assert_null(strstr(text, "<img "));
    free(text);
    text = page(&(fv_report_args){.refresh = 7, .train = set, .train_fingerprint = 0xabcdef});
    assert_contains(text, "<code>0000000000abcdef</code>");
    free(text);
    fv_dataset_free(set);
}

/* From its first step on: there are neither metrics nor a model. */
static void when_it_begins(void **s) {
    (void)s;
    static const char *const names_of_files[] = {"metrics.jsonl", "best.safetensors", "last.safetensors"};
    make_run(3, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(unlink(temporary("run/%s", names_of_files[i])), 0);
    char *text = page(&(fv_report_args){.refresh = 7, .epochs = 9});
    assert_contains(text, "</span> before the end of epoch 1 of 9; this page loads itself anew");
    assert_contains(text, "<progress max=9 value=0 ");
    assert_contains(text, "No epoch has ended yet.");
    assert_contains(text, "<h3>config.recipe</h3><dl class=settings>");
    assert_contains(text, fv_version());
    free(text);
}

static void without_data(void **s) {
    (void)s;
    char *text = page(&(fv_report_args){.without = "mnist:<DIR>: gone"});
    assert_contains(text, "Made from metrics.jsonl alone: mnist:&lt;DIR&gt;: gone.");
    free(text);
}

static void without_a_model_that_can_be_read(void **s) {
    (void)s;
    fv_dataset *set = colored(3);
    put_text(temporary("run/best.safetensors"), "no model");
    char *text = page(&(fv_report_args){.data = set});
    assert_contains(text, "best.safetensors: ");
    free(text);
    assert_int_equal(unlink(temporary("run/best.safetensors")), 0);
    assert_int_equal(unlink(temporary("run/last.safetensors")), 0);
    text = page(&(fv_report_args){.data = set});
    assert_contains(text, "there is no model yet");
    free(text);
    fv_dataset_free(set);
}

static void with_damaged_metrics(void **s) {
    (void)s;
    put_text(temporary("run/metrics.jsonl"), "{\"epoch\":1,\"loss\":2}\nNaN\n{\"epoch\":3,\"loss\":1}\n{\"epo");
    char *text = page(&(fv_report_args){.zero_ = 0});
    assert_contains(text, "1 line of metrics.jsonl cannot be read and is a gap; the first is line 2.");
    free(text);
    assert_int_equal(unlink(temporary("run/metrics.jsonl")), 0);
    text = page(&(fv_report_args){.zero_ = 0});
    assert_contains(text, "No epoch has ended yet.");
    free(text);
}

static void no_run_and_no_place(void **s) {
    (void)s;
    const char *file = temporary("nothing.html");
    assert_int_equal(fv_report("/nowhere", file), FV_BAD_DATA);
    assert_string_equal(fv_error(), "/nowhere: holds no run: there is neither config.recipe nor metrics.jsonl");
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(fv_report(run_folder(), "/nowhere/page.html"), FV_IO_ERROR);
    assert_int_equal(fv_report(NULL, file), FV_BAD_ARGUMENT);
}

/* Every image is told once, in order, with what it is taken for; a callback that fails ends it. */
typedef struct listener {
    const fv_model *model;
    size_t told, fail_at;
} listener;

static fv_status on_answer(void *user, const fv_answer *answer) {
    listener *l = user;
    float probabilities[3];
    fv_logits_probabilities(l->model, answer->logits, probabilities);
    assert_int_equal(answer->index, l->told++);
    assert_int_equal(answer->label, labels[answer->index]);
    assert_int_equal(answer->predicted, fv_predicted_class(l->model, probabilities));
    return l->told == l->fail_at ? FV_UNSUPPORTED : FV_OK;
}

static void evaluation_tells_answers(void **s) {
    (void)s;
    make_run(3, 3);
    fv_dataset *set = colored(3);
    fv_model *model = fv_model_load(temporary("run/last.safetensors"));
    listener l = {.model = model};
    fv_evaluation e;
    assert_int_equal(fv_evaluate(model, set, &e, .batch_size = 5, .threads = 1, .on_answer = on_answer, .user = &l),
                     FV_OK);
    assert_int_equal(l.told, COUNT);
    l = (listener){.model = model, .fail_at = 7};
    assert_int_equal(fv_evaluate(model, set, &e, .batch_size = 5, .threads = 1, .on_answer = on_answer, .user = &l),
                     FV_UNSUPPORTED);
    assert_string_equal(fv_error(), "the callback on_answer stopped the evaluation at image 6 (status 6)");
    fv_model_free(model);
    fv_dataset_free(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_logit),         cmocka_unit_test(of_two_logits),
        cmocka_unit_test(of_three_classes),     cmocka_unit_test(while_it_goes_on),
        cmocka_unit_test(without_data),         cmocka_unit_test(without_a_model_that_can_be_read),
        cmocka_unit_test(with_damaged_metrics), cmocka_unit_test(when_it_begins),
        cmocka_unit_test(no_run_and_no_place),  cmocka_unit_test(evaluation_tells_answers),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
