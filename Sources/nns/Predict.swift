// `nns predict`: a saved model between two files of comma-separated values.

import ArgumentParser
import Interpreter
import Library

extension NNS {
  struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a saved model gives for a table: CSV in, CSV out.",
      discussion: """
        The model is a file that save wrote. One that begins with encode finds its columns by their \
        names, whatever else is there; any other gets all columns in their order. Models declared with `model` are known by \
        the script that declares them.
        """)

    @Option(
      help: ArgumentHelp(
        "A script that is run first, because it declares the model.", valueName: "script"))
    var with: String?

    @OptionGroup var common: CommonOptions

    @Argument(help: "The model, a .safetensors file.")
    var model: String

    @Argument(help: "The table; standard input where it is left out, or -.")
    var table: String = "-"

    func run() throws {
      let (with, model, table, appearance) = (with, model, table, common.appearance)
      try finish(onLargeStack { Runner(appearance).predict(model, table, declaredIn: with) })
    }
  }
}

extension Runner {
  func predict(_ model: String, _ table: String, declaredIn script: String?) -> Int32 {
    let session = makeSession()
    do {
      if let script { try runScript(script, [script], session) }
      StandardOutput.write(
        try Predictions.text(
          model, table, standardInput: Runner.standardInputBytes, session))
      return 0
    } catch {
      return report(error, session)
    }
  }
}
