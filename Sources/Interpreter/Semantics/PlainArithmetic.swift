// Arithmetic of plain numbers that takes more than one instruction of the processor.

import Autodiff
import Glibc

enum PlainArithmetic {
  /// The remainder with the divisor's sign.
  ///
  /// The quotient of whole numbers below 2^51 is at least 1 / y away from every whole number that it
  /// is not, which is more than it is rounded by; product and difference are exact.
  @inline(__always)
  static func remainder(_ x: Double, _ y: Double) -> Double {
    guard x > 0, y > 0, max(x, y) < 0x1p51, isWhole(x), isWhole(y) else {
      return anyRemainder(x, y)
    }
    return x - (x / y).rounded(.down) * y
  }

  /// The same for a divisor that is known to be whole, from 1 to 2^51.
  @inline(__always)
  static func remainder(_ x: Double, ofWhole y: Double) -> Double {
    guard x > 0, x < 0x1p51, isWhole(x) else { return anyRemainder(x, y) }
    return x - (x / y).rounded(.down) * y
  }

  /// The quotient rounded down; that of whole numbers as in `remainder`.
  @inline(__always)
  static func floorQuotient(_ x: Double, _ y: Double) -> Double {
    guard x > 0, y > 0, max(x, y) < 0x1p51, isWhole(x), isWhole(y) else {
      return anyFloorQuotient(x, y)
    }
    return (x / y).rounded(.down)
  }

  @inline(never)
  private static func anyFloorQuotient(_ x: Double, _ y: Double) -> Double {
    Operator.floorQuotient(x, y)
  }

  @inline(__always)
  static func isWhole(_ x: Double) -> Bool { (x + 0x1.8p52) - 0x1.8p52 == x }

  /// Of whole numbers by integer division, which is shorter.
  @inline(never)
  private static func anyRemainder(_ x: Double, _ y: Double) -> Double {
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

  /// The index that a number is, nil for what is negative or not whole, and for what is no number;
  /// of more than 2^51 it is another one that large.
  @inline(__always)
  static func place(_ x: Double) -> Int? {
    let shifted = x + 0x1.8p52
    let place = whole(shifted)
    return shifted - 0x1.8p52 == x && place >= 0 ? place : nil
  }

  @inline(__always)
  private static func whole(_ shifted: Double) -> Int {
    Int(bitPattern: UInt(shifted.bitPattern &- (0x1.8p52).bitPattern))
  }

  @inline(__always)
  static func power(_ x: Double, _ y: Double) -> Double { y == 2 ? x * x : pow(x, y) }
}
