"""Models that nns writes as ONNX: onnx.checker takes them, onnxruntime computes the same numbers, also
for other numbers of rows. `models.nns` makes them, each with an input and what nns gives for it."""

import glob
import os
import subprocess
import tempfile

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

HERE = os.path.dirname(os.path.abspath(__file__))


def problem(model, tensors):
    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model)
    names = [i.name for i in session.get_inputs()]
    single = len(names) == 1
    given = {n: tensors["x" if single else f"x{i}"] for i, n in enumerate(names)}
    found = session.run(None, given)
    wanted = [tensors[k] for k in sorted(tensors, key=lambda k: (len(k), k)) if k[0] == "y"]
    if len(found) != len(wanted):
        return f"{len(found)} results, wanted {len(wanted)}"
    for index, (got, want) in enumerate(zip(found, wanted)):
        if got.shape != want.shape or got.dtype != want.dtype:
            return f"result {index} is {got.dtype} {got.shape}, wanted {want.dtype} {want.shape}"
        if not np.allclose(got, want, rtol=1e-4, atol=1e-5, equal_nan=True):
            return f"result {index}: {got.ravel()[:6]}, wanted {want.ravel()[:6]}"
    if any(isinstance(i.shape[0], int) for i in session.get_inputs()):
        return "the number of rows is not open"
    return None


def run(nns):
    """Gives how many models there were, and what is wrong with which."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([nns, os.path.join(HERE, "models.nns"), folder], capture_output=True,
                              text=True, timeout=120)
        if made.returncode:
            wrong.append(made.stdout + made.stderr)
        models = sorted(glob.glob(os.path.join(folder, "*.onnx")))
        for model in models:
            name = os.path.basename(model)
            try:
                found = problem(model, load_file(model[:-5] + ".safetensors"))
            except Exception as error:  # Both libraries throw kinds of their own.
                found = f"{type(error).__name__}: {error}"
            if found:
                wrong.append(f"{name}: {found}")
    return len(models), wrong
