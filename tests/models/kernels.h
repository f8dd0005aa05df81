/* Which kernels the networks' plans have. */
#ifndef MODELS_KERNELS_H
#define MODELS_KERNELS_H

/* No network needs a kernel that is its operator's definition, in training or at inference. `make test-full` takes the paper's
 * sizes; they are halved otherwise. For cmocka. */
void kernels_are_fast(void **state);

#endif
