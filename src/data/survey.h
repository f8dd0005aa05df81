/* What the files of a set are like: every one is decoded. */
#ifndef DATA_SURVEY_H
#define DATA_SURVEY_H

#include "core/threads.h"
#include "fovea/data.h"

typedef struct fv_survey {
    size_t readable; /* the rest is in fv_dataset_bad_files */
    int least_width, most_width, least_height, most_height;
    int width, height; /* the most common size, the smaller of two that are as common ... */
    size_t common;     /* ... and how many images have it */
} fv_survey;

/* By all threads of the team, which is idle. Nothing is kept in the set's cache. */
fv_status fv_dataset_survey(const fv_dataset *dataset, fv_team *team, fv_survey *survey);

#endif
