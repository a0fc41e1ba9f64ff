"""The node test cases of the onnx package whose operator nns has, run in nns."""

import os
import subprocess
import tempfile
import warnings

import numpy as np
from onnx.backend.test.case.node import collect_testcases
from onnx.helper import get_attribute_value
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

import windows  # noqa: F401
from expressions import TABLE

TYPES = {np.dtype(t) for t in ("float32", "float64", "int32", "int64", "bool")}


def arrays(values):
    return [np.asarray(v) if isinstance(v, (np.ndarray, np.generic)) or np.isscalar(v)
            else v if v is None or isinstance(v, list) else numpy_helper.to_array(v)
            for v in values]


class Case:
    """One case as an expression of nns; `text` is None where it is none."""

    def __init__(self, case, index, folder):
        node = case.model.graph.node[0]
        self.name, self.op, self.case = case.name, node.op_type, case
        self.input = os.path.join(folder, f"in{index}.safetensors")
        self.output = os.path.join(folder, f"out{index}.safetensors")
        self.text = None
        inputs, outputs = (arrays(part) for part in case.data_sets[0])
        given = dict(zip((i.name for i in case.model.graph.input), inputs))
        values = [given.get(name) for name in node.input]
        if any(v is None and name for v, name in zip(values, node.input)):
            return
        if not all(v is None or not isinstance(v, list) and v.dtype in TYPES for v in values + outputs):
            return
        names = [f"x{i}" if v is not None else None for i, v in enumerate(values)]
        attributes = {a.name: get_attribute_value(a) for a in node.attribute}
        texts = TABLE[self.op](attributes, names, values)
        if texts is None:
            return
        self.outputs = [o for o, name in zip(outputs, [n for n in node.output if n])]
        if len(texts) < len(self.outputs):
            return
        held = {n: np.array(v, order="C") for n, v in zip(names, values) if n and v.size}
        if len(held) < len([n for n in names if n]):
            return
        save_file(held, self.input)
        lines = [f'let t = load("{self.input}")']
        lines += [f"let {n} = t.{n}" for n in held]
        fields = ", ".join(f"y{i}: {text}" for i, text in enumerate(texts[:len(self.outputs)]))
        lines.append(f'save({{{fields}}}, "{self.output}")')
        self.text = "; ".join(lines)

    def problem(self):
        if not os.path.exists(self.output):
            return "no result"
        found = load_file(self.output)
        for i, wanted in enumerate(self.outputs):
            got = found[f"y{i}"]
            if got.shape != wanted.shape:
                return f"shape {got.shape}, wanted {wanted.shape}"
            if not np.allclose(got.astype(np.float64), wanted.astype(np.float64),
                               rtol=max(self.case.rtol, 1e-5), atol=max(self.case.atol, 1e-6),
                               equal_nan=True):
                return f"{got.ravel()[:8]}, wanted {wanted.ravel()[:8]}"
        return None


def run(nns):
    """Gives how many cases ran of how many, and what failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = [c for c in collect_testcases(None)
                 if len(c.model.graph.node) == 1 and c.data_sets]
    with tempfile.TemporaryDirectory() as folder:
        cases = [Case(c, i, folder) for i, c in enumerate(known)
                 if c.model.graph.node[0].op_type in TABLE]
        ran = [c for c in cases if c.text]
        program = "\n".join(c.text for c in ran) + "\n"
        result = subprocess.run([nns], input=program, capture_output=True, text=True, timeout=120)
        failures = [f"{c.name}: {p}\n  {c.text}" for c in ran if (p := c.problem())]
        if failures:
            failures.append(result.stderr[:6000])
    return len(ran), len(cases), len(known), failures


if __name__ == "__main__":
    import sys
    ran, cases, known, failures = run(sys.argv[1])
    print("\n".join(failures))
    print(ran, cases, known, len(failures))
