// Arithmetic of plain numbers that takes more than one instruction of the processor.

import Autodiff
import Glibc

enum PlainArithmetic {
  /// The remainder with the divisor's sign; of whole numbers by integer division, which is shorter.
  @inline(__always)
  static func remainder(_ x: Double, _ y: Double) -> Double {
    // Up to 2^51 whole numbers are the lowest bits of what this makes of them.
    let (a, b) = (x + 0x1.8p52, y + 0x1.8p52)
    if a - 0x1.8p52 == x, b - 0x1.8p52 == y, y > 0, max(x.magnitude, y) < 0x1p51 {
      let divisor = whole(b)
      let rest = whole(a) % divisor
      if rest == 0 { return x.sign == .minus ? -0.0 : 0 }
      return Double(rest < 0 ? rest &+ divisor : rest)
    }
    return Operator.floorRemainder(x, y)
  }

  @inline(__always)
  private static func whole(_ shifted: Double) -> Int {
    Int(bitPattern: UInt(shifted.bitPattern &- (0x1.8p52).bitPattern))
  }

  @inline(__always)
  static func power(_ x: Double, _ y: Double) -> Double { y == 2 ? x * x : pow(x, y) }
}
