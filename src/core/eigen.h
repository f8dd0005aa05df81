/* Eigenvalues and eigenvectors of a small symmetric matrix. */
#ifndef CORE_EIGEN_H
#define CORE_EIGEN_H

/* a [n,n], symmetric and finite, is used up. values [n] come out in falling order, row i of vectors [n,n] the i-th one's
 * eigenvector, of length 1. The same bits each time. */
void fv_eigen_symmetric(double *a, int n, double *values, double *vectors);

#endif
