// monitor: what is unhealthy in a loss, or in a net while it is trained.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter

/// Watches a net over the epochs of a training; tells each finding once for a layer.
final class MonitorObject: ForeignObject {
  private struct Noted {
    let epoch: Int?
    let finding: Monitor.Finding

    var place: String { epoch.map { "epoch \($0), \(finding.place)" } ?? finding.place }
  }

  private let net: String
  /// None for a function, whose params nobody knows: it watches whatever the loss hangs on.
  private let parameters: [Parameter]
  private unowned let session: Session
  private var noted: [Noted] = []
  private var seen: Set<String> = []
  private var looks = 0

  init(_ net: String, _ parameters: [Parameter], _ session: Session) {
    (self.net, self.parameters, self.session) = (net, parameters, session)
  }

  var typeName: String { "monitor" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [
      HostFunction.Parameter(
        "epoch", "the history of a fit, or a number", default: .optional("none"))
    ]
  }

  /// Looks at the last backward and prints what is new.
  func call(_ call: Call) throws -> Value {
    let epoch = try epoch(call)
    guard let monitor = try look() else {
      throw Problem(.gradient, "there was no backward through \(net) yet")
    }
    let state = (noted, seen, looks)
    session.willChange(self) { [self] in { [self] in (noted, seen, looks) = state } }
    looks += 1
    for finding in monitor.findings where seen.insert(finding.key).inserted {
      let new = Noted(epoch: epoch, finding: finding)
      noted.append(new)
      session.output(text(new))
    }
    return .none
  }

  private func epoch(_ call: Call) throws -> Int? {
    guard call.isGiven(0) else { return nil }
    if case .record(let record) = call.value(0), let losses = record["loss"] {
      return session.length(losses)
    }
    return try call.int(0)
  }

  /// What the last backward says about the net; nil where it was about something else.
  private func look() throws -> Monitor? {
    guard let last = session.graph.lastBackward, last.isWhole else { return nil }
    let isAbout = last.gradients.contains { entry in
      parameters.contains { $0 === entry.parameter }
    }
    guard isAbout || parameters.isEmpty else { return nil }
    // A few saturated elements are in every training.
    return try Monitor(last.loss, .in(session), of: parameters, saturation: 0.25)
  }

  private func text(_ noted: Noted) -> StyledText {
    Monitor.text(noted.finding, place: noted.place, WalkLayout(width: session.width))
  }

  var fieldNames: [String] { ["healthy", "findings"] }

  func field(_ name: String, _ session: Session) throws -> Value? {
    let now = looks == 0 ? try look() : nil
    let findings = now.map { $0.findings.map { Noted(epoch: nil, finding: $0) } } ?? noted
    switch name {
    case "healthy": return .bool(findings.isEmpty && now?.story.isEmpty ?? true)
    case "findings": return .list(findings.map { .string("\($0.place): \($0.finding.words)") })
    default: return nil
    }
  }

  func describe(_ session: Session) throws -> StyledText {
    if looks == 0 {
      if let now = try look() { return now.render(WalkLayout(width: session.width)) }
      return StyledText("watches \(net): write fit(…, each: monitor(\(net)))")
    }
    guard !noted.isEmpty else {
      return StyledText("nothing unhealthy in \(counted(looks, "look"))", .number)
    }
    var result = StyledText()
    for (index, entry) in noted.enumerated() {
      if index > 0 { result.append("\n") }
      result.append(text(entry))
    }
    return result
  }
}

enum MonitorFunction {
  private typealias P = HostFunction.Parameter

  static let monitor: HostFunction = HostFunction(
    name: "monitor", summary: "What is unhealthy in a backward or a net, and what usually helps.",
    category: "Teaching",
    parameters: [
      P(
        "subject", "a loss, or a net to watch; left out, the loss of the last backward",
        default: .optional("none"))
    ],
    details: [
      "Saturated sigmoid and tanh, dead relu units, vanishing and exploding gradients, the sizes of "
        + "params and their gradients. Where a number is not finite: the first such, its operator, "
        + "element, operands and source line, and how large the values before it were.",
      "fit(…, each: monitor(net)) looks after every epoch and prints what is new, once for a layer, "
        + "with the epoch; in a loop of your own let m = monitor(net) before it and m(epoch) in it.",
      "Fields: healthy, findings.",
    ],
    examples: [
      """
      param w = [1, 2]
      backward(sum(w^2))
      monitor().healthy  # => true
      let x = [[1, 1], [2, 1]]
      param V = [[1, -1], [1, -1]]
      backward(sum(relu(x @ V)))
      contains("{monitor()}", "dead: 1 of 2 units give 0 for every row (1)")  # => true
      """,
      """
      seed(1)
      let net = dense(2, 4) >> tanh >> dense(4, 1)
      let watched = monitor(net)
      fit(net, randn(20, 2), ones(20, 1), loss: mse, epochs: 3, each: watched)
      watched.healthy  # => true
      """,
    ],
    action: { call in
      let session = call.session
      if call.isGiven(0), session.node(call.raw(0)) == nil {
        let parameters = session.parameters(of: call.raw(0)).map(\.parameter)
        guard !parameters.isEmpty || session.isCallable(call.raw(0)) else {
          throw Problem(
            .type, "monitor watches a loss or a net, not \(call.raw(0).typePhrase)", argument: 0)
        }
        return .foreign(MonitorObject(name(call.raw(0), session), parameters, session))
      }
      let loss = call.isGiven(0) ? try call.tensor(0) : try WalkOf.loss(session)
      try TeachingFunctions.checkNumber(loss, "monitor")
      let monitor = try Monitor(loss, .in(session))
      return .foreign(
        ReportObject(
          monitor.render(WalkLayout(width: session.width)),
          [
            ("healthy", .bool(monitor.findings.isEmpty && monitor.story.isEmpty)),
            ("findings", .list(monitor.findings.map { .string("\($0.place): \($0.words)") })),
          ]))
    })

  /// What the user calls a net.
  private static func name(_ net: Value, _ session: Session) -> String {
    let path = session.parameters(of: net).first?.parameter.name
    return path?.prefix { $0 != "[" && $0 != "." }.description ?? Library.name(of: net) ?? "the net"
  }
}
