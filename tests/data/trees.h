/* Folders of pictures for tests. */
#ifndef DATA_TREES_H
#define DATA_TREES_H

#include "fovea/data.h"

/* Writes a file below temporary(), with the folders it needs. */
void tree_text(const char *path, const char *text);
/* A PPM of that size, all of one color, which tells the pictures apart. */
void tree_picture(const char *path, int width, int height, int color);

/* The color of the set's image `index`, which can be read; *label (may be NULL) gets its label. */
int color_of(const fv_dataset *dataset, size_t index, int *label);

/* The set failed to open, with that status and a message that contains the text. */
void assert_refused(const fv_dataset *dataset, fv_status status, const char *message);

#endif
