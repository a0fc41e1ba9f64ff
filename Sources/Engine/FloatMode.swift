// What becomes of numbers below the smallest normal one (denormals). Processors compute with them many
// times slower, and where a training starves, moments and gradients are full of them.

import CProcessor

/// How a thread computes with floats; it is its own for every thread.
package struct FloatMode: Equatable, Sendable {
  let bits: UInt

  /// That of this thread.
  package static var current: FloatMode { FloatMode(bits: UInt(processor_float_mode())) }

  /// The same with denormals as zeros, as operands and as results.
  package var flushing: FloatMode { FloatMode(bits: bits | UInt(processor_flush_to_zero())) }

  /// From now on this thread computes so.
  package func use() { processor_set_float_mode(numericCast(bits)) }
}
