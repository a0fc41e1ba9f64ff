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
