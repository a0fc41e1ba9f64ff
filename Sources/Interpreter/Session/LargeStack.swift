// Runs work on a thread with a stack for deep recursion; the main thread has 8 MB only.

import Engine
import Glibc

private final class Work: @unchecked Sendable {
  let body: () -> Int32
  var result: Int32 = 0
  init(_ body: @escaping () -> Int32) { self.body = body }
}

/// The result of `body`, run on a 512 MB stack (pages are taken as they are used).
package func onLargeStack(_ body: @escaping () -> Int32) -> Int32 {
  Memory.useOneArena()
  let work = Work(body)
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setstacksize(&attributes, 512 << 20)
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      let work = Unmanaged<Work>.fromOpaque(argument).takeUnretainedValue()
      work.result = work.body()
      return nil
    }, Unmanaged.passUnretained(work).toOpaque())
  guard status == 0 else { return body() }
  pthread_join(thread, nil)
  return work.result
}
