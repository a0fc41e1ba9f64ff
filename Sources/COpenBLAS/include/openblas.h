/* What nns calls of OpenBLAS and of the LAPACK in it. The library is loaded by the first call: a
   program without large products starts faster and needs less memory without it. */

#ifndef NNS_OPENBLAS_H
#define NNS_OPENBLAS_H

/* Names of the library stay inside of nns: what calls them in the library is to find its own. */
#pragma GCC visibility push(hidden)

/* Why the library cannot be called, a sentence without its full stop; NULL where it can. Whoever
   records work for it asks first: its functions end the process where it is missing. */
const char *openblas_problem(void);

enum CBLAS_ORDER { CblasRowMajor = 101, CblasColMajor = 102 };
enum CBLAS_TRANSPOSE { CblasNoTrans = 111, CblasTrans = 112 };
enum CBLAS_UPLO { CblasUpper = 121, CblasLower = 122 };
enum CBLAS_DIAG { CblasNonUnit = 131, CblasUnit = 132 };
enum CBLAS_SIDE { CblasLeft = 141, CblasRight = 142 };

/* C = alpha A B + beta C */
void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE left, enum CBLAS_TRANSPOSE right,
                 int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                 float beta, float *c, int ldc);
void cblas_dgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE left, enum CBLAS_TRANSPOSE right,
                 int m, int n, int k, double alpha, const double *a, int lda, const double *b,
                 int ldb, double beta, double *c, int ldc);

/* B = alpha A⁻¹ B for a triangle A */
void cblas_strsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO part,
                 enum CBLAS_TRANSPOSE left, enum CBLAS_DIAG diagonal, int m, int n, float alpha,
                 const float *a, int lda, float *b, int ldb);
void cblas_dtrsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO part,
                 enum CBLAS_TRANSPOSE left, enum CBLAS_DIAG diagonal, int m, int n, double alpha,
                 const double *a, int lda, double *b, int ldb);

/* LAPACK: a factorization in place with its row exchanges; row exchanges done to a matrix. */
void sgetrf_(const int *m, const int *n, float *a, const int *lda, int *pivots, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void slaswp_(const int *n, float *a, const int *lda, const int *first, const int *last,
             const int *pivots, const int *step);
void dlaswp_(const int *n, double *a, const int *lda, const int *first, const int *last,
             const int *pivots, const int *step);

/* LAPACK: L of a positive definite matrix; Q and R; eigenvalues of a symmetric matrix; singular
   values. A work length of -1 asks for the best one. */
void spotrf_(const char *part, const int *n, float *a, const int *lda, int *info);
void dpotrf_(const char *part, const int *n, double *a, const int *lda, int *info);
void sgeqrf_(const int *m, const int *n, float *a, const int *lda, float *tau, float *work, const int *lwork,
             int *info);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);
void sorgqr_(const int *m, const int *n, const int *k, float *a, const int *lda, const float *tau,
             float *work, const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
void ssyevd_(const char *job, const char *part, const int *n, float *a, const int *lda, float *values,
             float *work, const int *lwork, int *iwork, const int *liwork, int *info);
void dsyevd_(const char *job, const char *part, const int *n, double *a, const int *lda, double *values,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
void sgesdd_(const char *job, const int *m, const int *n, float *a, const int *lda, float *s, float *u,
             const int *ldu, float *vt, const int *ldvt, float *work, const int *lwork, int *iwork,
             int *info);
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info);

#pragma GCC visibility pop

#endif
