#include <cblas.h>

/* LAPACK's factorizations live in the same library; Debian ships their header elsewhere. */
extern void sgetrf_(const int *m, const int *n, float *a, const int *lda, int *ipiv, int *info);
extern void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
extern void slaswp_(const int *n, float *a, const int *lda, const int *k1, const int *k2,
                    const int *ipiv, const int *incx);
extern void dlaswp_(const int *n, double *a, const int *lda, const int *k1, const int *k2,
                    const int *ipiv, const int *incx);
