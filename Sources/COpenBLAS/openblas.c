#include "openblas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
  __typeof__(cblas_sgemm) *sgemm;
  __typeof__(cblas_dgemm) *dgemm;
  __typeof__(cblas_strsm) *strsm;
  __typeof__(cblas_dtrsm) *dtrsm;
  __typeof__(sgetrf_) *sgetrf;
  __typeof__(dgetrf_) *dgetrf;
  __typeof__(slaswp_) *slaswp;
  __typeof__(dlaswp_) *dlaswp;
  __typeof__(spotrf_) *spotrf;
  __typeof__(dpotrf_) *dpotrf;
  __typeof__(sgeqrf_) *sgeqrf;
  __typeof__(dgeqrf_) *dgeqrf;
  __typeof__(sorgqr_) *sorgqr;
  __typeof__(dorgqr_) *dorgqr;
  __typeof__(ssyevd_) *ssyevd;
  __typeof__(dsyevd_) *dsyevd;
  __typeof__(sgesdd_) *sgesdd;
  __typeof__(dgesdd_) *dgesdd;
} library;

static const struct {
  const char *name;
  void *place;
} functions[] = {
    {"cblas_sgemm", &library.sgemm}, {"cblas_dgemm", &library.dgemm},
    {"cblas_strsm", &library.strsm}, {"cblas_dtrsm", &library.dtrsm},
    {"sgetrf_", &library.sgetrf},    {"dgetrf_", &library.dgetrf},
    {"slaswp_", &library.slaswp},    {"dlaswp_", &library.dlaswp},
    {"spotrf_", &library.spotrf},    {"dpotrf_", &library.dpotrf},
    {"sgeqrf_", &library.sgeqrf},    {"dgeqrf_", &library.dgeqrf},
    {"sorgqr_", &library.sorgqr},    {"dorgqr_", &library.dorgqr},
    {"ssyevd_", &library.ssyevd},    {"dsyevd_", &library.dsyevd},
    {"sgesdd_", &library.sgesdd},    {"dgesdd_", &library.dgesdd},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];

/* Opens the library without threads of its own: results must not depend on their number, nns
   shares the work itself, and idle ones spin. */
static void *open_library(const char *path) {
  const char *threads = "OPENBLAS_NUM_THREADS";
  char *before = getenv(threads);
  if (!before) setenv(threads, "1", 1);
  void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!before) unsetenv(threads);
  if (!handle) return NULL;
  void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
  if (set_threads) set_threads(1);
  return handle;
}

static void load(void) {
  const char *path = getenv("NNS_OPENBLAS");
  if (!path || !*path) path = "libopenblas.so.0";
  void *handle = open_library(path);
  if (!handle) {
    snprintf(problem, sizeof problem, "OpenBLAS cannot be loaded: %s", dlerror());
    return;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *function = dlsym(handle, functions[i].name);
    if (!function) {
      snprintf(problem, sizeof problem, "%s has no %s", path, functions[i].name);
      return;
    }
    *(void **)functions[i].place = function;
  }
}

const char *openblas_problem(void) {
  pthread_once(&once, load);
  return *problem ? problem : NULL;
}

static void need(void) {
  const char *missing = openblas_problem();
  if (!missing) return;
  fprintf(stderr, "error: %s\n", missing);
  exit(1);
}

void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE left, enum CBLAS_TRANSPOSE right,
                 int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                 float beta, float *c, int ldc) {
  need();
  library.sgemm(order, left, right, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cblas_dgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE left, enum CBLAS_TRANSPOSE right,
                 int m, int n, int k, double alpha, const double *a, int lda, const double *b,
                 int ldb, double beta, double *c, int ldc) {
  need();
  library.dgemm(order, left, right, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cblas_strsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO part,
                 enum CBLAS_TRANSPOSE left, enum CBLAS_DIAG diagonal, int m, int n, float alpha,
                 const float *a, int lda, float *b, int ldb) {
  need();
  library.strsm(order, side, part, left, diagonal, m, n, alpha, a, lda, b, ldb);
}

void cblas_dtrsm(enum CBLAS_ORDER order, enum CBLAS_SIDE side, enum CBLAS_UPLO part,
                 enum CBLAS_TRANSPOSE left, enum CBLAS_DIAG diagonal, int m, int n, double alpha,
                 const double *a, int lda, double *b, int ldb) {
  need();
  library.dtrsm(order, side, part, left, diagonal, m, n, alpha, a, lda, b, ldb);
}

void sgetrf_(const int *m, const int *n, float *a, const int *lda, int *pivots, int *info) {
  need();
  library.sgetrf(m, n, a, lda, pivots, info);
}

void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info) {
  need();
  library.dgetrf(m, n, a, lda, pivots, info);
}

void slaswp_(const int *n, float *a, const int *lda, const int *first, const int *last,
             const int *pivots, const int *step) {
  need();
  library.slaswp(n, a, lda, first, last, pivots, step);
}

void dlaswp_(const int *n, double *a, const int *lda, const int *first, const int *last,
             const int *pivots, const int *step) {
  need();
  library.dlaswp(n, a, lda, first, last, pivots, step);
}

void spotrf_(const char *part, const int *n, float *a, const int *lda, int *info) {
  need();
  library.spotrf(part, n, a, lda, info);
}

void dpotrf_(const char *part, const int *n, double *a, const int *lda, int *info) {
  need();
  library.dpotrf(part, n, a, lda, info);
}

void sgeqrf_(const int *m, const int *n, float *a, const int *lda, float *tau, float *work, const int *lwork,
             int *info) {
  need();
  library.sgeqrf(m, n, a, lda, tau, work, lwork, info);
}

void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info) {
  need();
  library.dgeqrf(m, n, a, lda, tau, work, lwork, info);
}

void sorgqr_(const int *m, const int *n, const int *k, float *a, const int *lda, const float *tau,
             float *work, const int *lwork, int *info) {
  need();
  library.sorgqr(m, n, k, a, lda, tau, work, lwork, info);
}

void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info) {
  need();
  library.dorgqr(m, n, k, a, lda, tau, work, lwork, info);
}

void ssyevd_(const char *job, const char *part, const int *n, float *a, const int *lda, float *values,
             float *work, const int *lwork, int *iwork, const int *liwork, int *info) {
  need();
  library.ssyevd(job, part, n, a, lda, values, work, lwork, iwork, liwork, info);
}

void dsyevd_(const char *job, const char *part, const int *n, double *a, const int *lda, double *values,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info) {
  need();
  library.dsyevd(job, part, n, a, lda, values, work, lwork, iwork, liwork, info);
}

void sgesdd_(const char *job, const int *m, const int *n, float *a, const int *lda, float *s, float *u,
             const int *ldu, float *vt, const int *ldvt, float *work, const int *lwork, int *iwork,
             int *info) {
  need();
  library.sgesdd(job, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork, iwork, info);
}

void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info) {
  need();
  library.dgesdd(job, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork, iwork, info);
}
