import Testing

@testable import Autodiff

@Suite struct ONNXFormTests {
  @Test func everyOperatorHasItsForm() {
    let known = Set(ONNXForms.all.map { ObjectIdentifier($0.op) })
    let missing = Catalogue.all.filter { !known.contains(ObjectIdentifier($0)) }
    #expect(missing.map(\.name) == [])
    #expect(known.count == ONNXForms.all.count)
  }
}
