// Tools that measure: the machine, and the steps of a script.

import ArgumentParser
import Autodiff
import Console
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter

extension NNS {
  struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measure this machine: products, memory, start-up.",
      discussion: "All threads that --threads or NNS_THREADS allows work together, and then one."
    )

    @Flag(help: "One line of JSON, in FLOP/s, bytes/s and seconds.")
    var json = false

    @OptionGroup var common: CommonOptions

    func run() throws {
      let (json, appearance) = (json, common.appearance)
      try finish(onLargeStack { Runner(appearance).bench(json: json) })
    }
  }
}

extension Runner {
  /// Measures the machine for about a second and a half.
  func bench(json: Bool) -> Int32 {
    let session = makeSession()
    do {
      if let problem = MatrixProduct.problem { throw Problem(.file, problem) }
      let machine: MachineSpeed
      do { machine = try MachineSpeed.measured(seconds: 1.2) } catch {
        throw Problem(.memory, "there is no memory to measure with: \(error.bytes) bytes")
      }
      let start = try startUp()
      if Interrupts.isRequested { return 130 }
      StandardOutput.write(json ? line(machine, start) : table(machine, start))
      return 0
    } catch { return report(error, session) }
  }

  private func table(_ machine: MachineSpeed, _ start: Double) -> String {
    let giga = { (x: Double) in NumberFormat.significant(x / 1e9, digits: 3) }
    let threads = machine.threads == 1 ? "one thread" : "\(machine.threads) threads"
    let one =
      machine.threads == 1 ? "" : ", \(giga(machine.productOfOneThread)) GFLOP/s on one"
    return """
      products  \(giga(machine.product)) GFLOP/s on \(threads)\(one)
      memory    \(giga(machine.read)) GB/s read, \(giga(machine.copy)) GB/s copied
      start     \(NumberFormat.significant(start * 1e3, digits: 3)) ms from the call to the exit

      """
  }

  private func line(_ machine: MachineSpeed, _ start: Double) -> String {
    """
    {"threads": \(machine.threads), "product": \(machine.product), \
    "product_of_one_thread": \(machine.productOfOneThread), "read": \(machine.read), \
    "copy": \(machine.copy), "start": \(start)}

    """
  }

  /// The least seconds of some runs of the program itself with `-e 1`.
  private func startUp() throws -> Double {
    var best = Double.infinity
    for _ in 0..<20 where !Interrupts.isRequested {
      let begin = Stopwatch.now()
      try runSelf()
      best = min(best, Stopwatch.now() - begin)
    }
    return best
  }

  private func runSelf() throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    let words = ["nns", "-e", "1"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    var status: Int32 = 0
    let failure = posix_spawn(&process, "/proc/self/exe", &actions, nil, &arguments, environ)
    guard failure == 0, waitpid(process, &status, 0) == process, status == 0 else {
      throw Problem(.file, "cannot start the program anew to measure how long that takes")
    }
  }

  /// Runs a script without its output, and shows the plans of its last turn of training, else the
  /// plan with the most work.
  func plan(_ path: String) -> Int32 {
    let session = makeSession()
    let output = session.output
    defer { session.output = output }
    do {
      session.output = { _ in }
      session.graph.keepPlans()
      try runScript(path, [path], session)
      session.output = output
      let (plans, hasTrained) = try session.graph.lastPlans()
      guard plans.contains(where: { !$0.steps.isEmpty }) else {
        throw Problem(.value, "\(path) computes no tensors: there is no plan to show")
      }
      output(StyledText(hasTrained ? "the last step of training" : "the plan with the most work"))
      for plan in plans where !plan.steps.isEmpty {
        output(PlanText.render(plan, columns: session.width))
      }
      return 0
    } catch {
      session.output = output
      return report(error, session)
    }
  }
}
