// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target. Release optimisation for the machine at hand is a matter of
/// the build command (`Scripts/build`), not of this manifest.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A session is one thread: its objects are counted without locking the memory bus. What the worker
/// threads run is in Engine, which they share with a session that waits.
let session: [SwiftSetting] =
  strict + [.unsafeFlags(["-Xfrontend", "-assume-single-threaded"])]

/// The loops over tiles once more, from the files of Engine, for the vectors of a processor.
func tiles(_ name: String, _ processor: String) -> Target {
  .target(
    name: name, dependencies: ["CProcessor"],
    swiftSettings: strict + [
      .unsafeFlags([
        "-Xcc", "-march=\(processor)", "-Xcc", "-fno-math-errno", "-Xcc",
        "-mprefer-vector-width=512",
      ])
    ])
}

#if arch(x86_64)
  let vectors = [tiles("TilesAVX2", "x86-64-v3"), tiles("TilesAVX512", "x86-64-v4")]
#else
  let vectors: [Target] = []
#endif

let package = Package(
  name: "nns",
  products: [.executable(name: "nns", targets: ["nns"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: vectors + [
    // Layer 0: system libraries and diagnostics.
    .target(name: "COpenBLAS"),
    .systemLibrary(name: "CProcessor"),
    .systemLibrary(name: "CEditline", providers: [.apt(["libedit-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),
    // Drawings as pictures: librsvg, loaded when it is first called.
    .target(name: "CRSVG"),
    // The page of a walk: HTML, CSS and JavaScript that are part of the program.
    .target(name: "CPages"),
    .target(name: "CLibedit", dependencies: ["CEditline"]),
    .target(name: "Diagnostics", swiftSettings: strict),

    // Layer 1.
    .target(name: "Syntax", dependencies: ["Diagnostics"], swiftSettings: strict),
    .target(
      name: "Engine",
      dependencies: ["COpenBLAS", "CProcessor"] + vectors.map { .target(name: $0.name) },
      swiftSettings: strict),

    // Layer 2.
    .target(name: "Autodiff", dependencies: ["Engine"], swiftSettings: session),

    .target(name: "Plots", dependencies: ["Diagnostics", "Engine"], swiftSettings: session),

    // Layer 3.
    .target(
      name: "Datasets", dependencies: ["Autodiff", "CPNG", "CRSVG", "CZlib", "Engine"],
      swiftSettings: session),
    .target(name: "Neural", dependencies: ["Autodiff", "Engine"], swiftSettings: session),
    .target(
      name: "Explain", dependencies: ["Autodiff", "CPages", "Diagnostics", "Engine"],
      swiftSettings: session),

    // Layer 4.
    .target(
      name: "Interpreter", dependencies: ["Syntax", "Autodiff", "Diagnostics", "Engine"],
      swiftSettings: session),

    // Layer 5.
    .target(
      name: "Library",
      dependencies: [
        "Interpreter", "Datasets", "Neural", "Explain", "Plots", "Syntax", "Autodiff",
        "Diagnostics",
        "Engine",
      ], swiftSettings: session),

    // Layer 6: the lessons; CLessons is their text and their data, part of the program.
    .target(name: "CLessons"),
    .target(
      name: "Lessons",
      dependencies: [
        "CLessons", "Library", "Interpreter", "Syntax", "Autodiff", "Diagnostics", "Engine",
      ], swiftSettings: session),

    // Layer 7.
    .target(
      name: "Console",
      dependencies: [
        "CLibedit", "CEditline", "Lessons", "Library", "Explain", "Interpreter", "Syntax",
        "Autodiff",
        "Diagnostics",
        "Engine",
      ], swiftSettings: session),

    // Layer 8: the command line.
    .executableTarget(
      name: "nns",
      dependencies: [
        "Console", "Library", "Interpreter", "Syntax", "Autodiff", "Diagnostics", "Engine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics"], swiftSettings: strict),
    .testTarget(
      name: "SyntaxTests", dependencies: ["Syntax", "Diagnostics"], swiftSettings: strict),
    .testTarget(
      name: "ProgramTests",
      dependencies: [
        "Lessons", "Library", "Datasets", "Plots", "Interpreter", "Syntax", "Autodiff",
        "Diagnostics",
        "Engine", "nns",
      ], swiftSettings: strict),
    .testTarget(name: "EngineTests", dependencies: ["Engine"], swiftSettings: strict),
    .testTarget(
      name: "AutodiffTests", dependencies: ["Autodiff", "Engine"], swiftSettings: strict),
    .testTarget(
      name: "ExplainTests",
      dependencies: [
        "Library", "Interpreter", "Neural", "Explain", "Autodiff", "Diagnostics", "Engine",
      ], swiftSettings: strict),
  ]
)
