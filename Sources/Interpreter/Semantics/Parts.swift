// What models and collections are made of, by path: `inner[2]`.

import Autodiff

extension Session {
  /// Where a part is; spelt only for those that are named by it.
  private enum Place {
    case index(Int)
    case name(String)

    var text: String {
      switch self {
      case .index(let index): "[\(index)]"
      case .name(let name): name
      }
    }
  }

  /// The values of which one is made, each with its place; none for what is not made of values.
  private func parts(of value: Value) -> [(place: Place, part: Value)]? {
    let numbered = { (parts: [Value]) in
      parts.enumerated().map { (place: Place.index($0.offset), part: $0.element) }
    }
    switch value {
    case .function(let function as CompositionObject): return numbered(function.stages)
    case .tuple(let tuple): return numbered(tuple.elements)
    case .list(let list): return numbered(list.elements)
    case .record(let record): return record.fields.map { (.name($0.name), $0.value) }
    case .foreign(let model as ModelObject):
      return model.members.filter { $0.name != "forward" }.map { (.name($0.name), $0.value) }
    default: return nil
    }
  }

  /// Everything below a value that is not made of values itself, with its path: layers, params,
  /// functions, scalers.
  package func leaves(of value: Value) -> [(path: String, leaf: Value)] {
    guard let parts = parts(of: value) else { return [("", value)] }
    return parts.flatMap { place, part in
      leaves(of: part).map { (Session.joined(place.text, $0.path), $0.leaf) }
    }
  }

  /// A value with other leaves in its tuples, lists and records; what stands in models and compositions
  /// is no part of that.
  package func replacing(_ value: Value, _ leaf: (Value) throws -> Value) rethrows -> Value {
    switch value {
    case .tuple(let tuple): .tuple(try tuple.elements.map { try replacing($0, leaf) })
    case .list(let list): .list(try list.elements.map { try replacing($0, leaf) })
    case .record(let record):
      .record(try record.fields.map { ($0.name, try replacing($0.value, leaf)) })
    default: try leaf(value)
    }
  }

  /// All parameters below a value, with their paths; one that is met again is left out.
  package func parameters(of value: Value) -> [(path: String, parameter: Parameter)] {
    var seen: Set<ObjectIdentifier> = []
    return parameters(of: value, &seen)
  }

  private func parameters(of value: Value, _ seen: inout Set<ObjectIdentifier>)
    -> [(path: String, parameter: Parameter)]
  {
    if let parts = parts(of: value) {
      // What is shared has been seen with all its parts.
      if let object = value.object, !seen.insert(object).inserted { return [] }
      var result: [(path: String, parameter: Parameter)] = []
      for (place, part) in parts {
        switch part {
        case .number, .string, .bool, .none, .range: continue
        default:
          result += parameters(of: part, &seen).map {
            (Session.joined(place.text, $0.path), $0.parameter)
          }
        }
      }
      return result
    }
    let own: [(path: String, parameter: Parameter)]
    switch value {
    case .tensor(let tensor): own = tensor.node.version?.parameter.map { [("", $0)] } ?? []
    case .foreign(let object): own = object.parameters
    default: own = []
    }
    return own.filter { seen.insert(ObjectIdentifier($0.parameter)).inserted }
  }

  /// `net` and `[0]` are `net[0]`, `norm` and `gain` are `norm.gain`.
  package static func joined(_ place: String, _ path: String) -> String {
    place + (place.isEmpty || path.isEmpty || path.hasPrefix("[") ? "" : ".") + path
  }
}

extension Value {
  /// What of it is made of other values, by its identity.
  fileprivate var object: ObjectIdentifier? {
    switch self {
    case .tuple(let x): ObjectIdentifier(x)
    case .list(let x): ObjectIdentifier(x)
    case .record(let x): ObjectIdentifier(x)
    case .function(let x): ObjectIdentifier(x)
    case .foreign(let x): ObjectIdentifier(x)
    default: nil
    }
  }
}
