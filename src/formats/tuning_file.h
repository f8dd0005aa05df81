/* A tuning's table as JSON: in a file of its own, {"fovea_tuning": 1, "kernels": {LAYER: KERNELS, ...}}, and in a run's state,
 * the inner object alone. */
#ifndef FORMATS_TUNING_FILE_H
#define FORMATS_TUNING_FILE_H

#include "engine/tuning.h"
#include "formats/json.h"

/* NULL for want of memory, without a message. */
json_t *fv_tuning_to_json(const fv_tuning *tuning);
/* Adds the object's picks; what is there already stays. FV_BAD_DATA where it is more, or longer, than a table can be: then some
 * of it may have been added. */
fv_status fv_tuning_from_json(const char *where, const json_t *object, fv_tuning *tuning);

/* Adds what a file's text has of layers for one version of the library, fv_version() or, of all of them, "", as far as there is
 * room; `where` stands before messages. FV_BAD_DATA for what is no such file: nothing is added. */
fv_status fv_tuning_parse(fv_tuning *tuning, const char *text, size_t bytes, const char *where, const char *library);

#endif
