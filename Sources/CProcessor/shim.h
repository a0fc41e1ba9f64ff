/* What Swift has no words for: instructions of the processor, how many there are, and how malloc
   divides memory. */

#include <malloc.h>
#include <stddef.h>

/* Tells the processor that a loop only waits. */
static inline void processor_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/* Asks for memory that will be read, or written, soon. */
static inline void processor_will_read(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void processor_will_write(const void *address) { __builtin_prefetch(address, 1, 3); }

/* How this thread computes with floats: rounding, and what becomes of numbers below the normal ones. */
static inline unsigned long processor_float_mode(void) {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr();
#elif defined(__aarch64__)
  unsigned long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}
static inline void processor_set_float_mode(unsigned long mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((unsigned)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

/* The bits of the mode that make such numbers zero, as operands and as results. */
static inline unsigned long processor_flush_to_zero(void) {
#if defined(__x86_64__)
  return 0x8040;
#elif defined(__aarch64__)
  return 1ul << 24;
#else
  return 0;
#endif
}

/* How wide the vectors of the processor are, and those that this header was compiled for: 0 for the
   baseline, 1 for AVX2, 2 for AVX-512. */
static inline int processor_vector_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return 0;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
                 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
             ? 2
             : 1;
#else
  return 0;
#endif
}
static inline int processor_compiled_vector_level(void) {
#if defined(__AVX512F__) && defined(__AVX512VL__)
  return 2;
#elif defined(__AVX2__)
  return 1;
#else
  return 0;
#endif
}

extern int sched_getaffinity(int process, size_t bytes, void *mask);

/* The processors that this process may use. */
static inline int processor_count(void) {
  unsigned long mask[16] = {0};
  int count = 0;
  if (sched_getaffinity(0, sizeof mask, mask) != 0) return 1;
  for (int i = 0; i < 16; i++) count += __builtin_popcountl(mask[i]);
  return count > 0 ? count : 1;
}

/* One arena for all threads. */
static inline void malloc_one_arena(void) { mallopt(M_ARENA_MAX, 1); }
