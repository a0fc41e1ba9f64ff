#include <cblas.h>

/* LAPACK's solvers live in the same library; Debian ships their header elsewhere. */
extern void sgesv_(const int *n, const int *nrhs, float *a, const int *lda, int *ipiv, float *b,
                   const int *ldb, int *info);
extern void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b,
                   const int *ldb, int *info);
