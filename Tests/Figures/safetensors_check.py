"""safetensors both ways: nns saves and Python reads, Python saves and nns reads.

    pip install numpy safetensors
    python Tests/Figures/safetensors_check.py .build/debug/nns
"""

import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

NNS = sys.argv[1]
ARRAYS = {
    "f32": np.array([[1.5, -0.0, 3e38], [1e-45, -3e38, 0.1]], np.float32),
    "f64": np.array([[1.5, -0.0, 1e308], [5e-324, -1e308, 0.1]], np.float64),
    "i32": np.array([[0, -(2**31), 2**31 - 1], [1, 2, 3]], np.int32),
    "i64": np.array([[0, -(2**53), 2**53], [1, 2, 3]], np.int64),
    "bool": np.array([[True, False, True], [False, False, True]]),
}
SHAPES = [(), (1,), (6,), (2, 3), (0,), (2, 0, 3), (1, 1, 1, 1, 1, 1, 1, 6)]


def run(code):
    result = subprocess.run([NNS, "-e", code], capture_output=True, text=True)
    assert result.returncode == 0, f"{code}\n{result.stdout}{result.stderr}"
    return result.stdout.strip()


def words(array, dtype):
    if array.size == 0:
        return f"zeros([{', '.join(map(str, array.shape))}], dtype: {dtype})"
    text = str(array.astype(object).tolist()).replace("True", "true").replace("False", "false")
    return f"tensor({text}, dtype: {dtype})"


def main():
    checks = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.safetensors"
        for dtype, full in ARRAYS.items():
            for shape in SHAPES:
                size = int(np.prod(shape))
                array = full.reshape(-1)[:size].reshape(shape)
                # Python to nns and back to Python. Params hold floats: others are converted.
                kind = dtype if dtype == "f32" else "f64"
                sizes = ", ".join(map(str, shape))
                save_file({"value": array}, path, metadata={"format": "np", "x": 'ünï " \\'})
                run(f'param w = zeros([{sizes}], dtype: {kind})\nload(w, "{path}")\n'
                    f'save(w, "{path}")')
                back = load_file(path)["value"]
                assert back.dtype == (array.dtype if dtype == kind else np.float64)
                assert back.tobytes() == array.astype(back.dtype).tobytes(), (back, array)
                checks += 1
                # nns to Python, from a literal.
                if dtype == kind:
                    run(f"default_dtype(f64)\nparam w = {words(array, dtype)}\n"
                        f'save(w, "{path}")')
                    back = load_file(path)["value"]
                    assert back.tobytes() == array.tobytes() and back.shape == shape
                    checks += 1
        # A model: names, layout and a forward pass.
        run("seed(1)\nlet net = dense(3, 4) >> tanh >> layer_norm(4) >> dense(4, 2)\n"
            f'save(net, "{path}")')
        tensors = load_file(path)
        x = np.array([[0.5, -1, 2]], np.float32)
        y = run("let net = dense(3, 4) >> tanh >> layer_norm(4) >> dense(4, 2)\n"
                f'load(net, "{path}")\nlet y = net([[0.5, -1, 2]])\nprint(y[0, 0], y[0, 1])')
        print(sorted(tensors))
        h = np.tanh(x @ tensors["[0].weight"] + tensors["[0].bias"])
        h = (h - h.mean()) / np.sqrt(h.var() + 1e-5) * tensors["[2].gain"] + tensors["[2].bias"]
        wanted = h @ tensors["[3].weight"] + tensors["[3].bias"]
        assert np.allclose(np.array(y.split("\n")[-1].split(), float), wanted[0], atol=1e-5), (y, wanted)
        # A scaler: its numbers in f64 beside the params.
        run("let s = standardize([[1, 2], [3, 5]])\n"
            f'save(s >> dense(2, 1) >> standardize([[5], [7]]).undo, "{path}")')
        scaled = load_file(path)
        assert scaled["[0].mean"].tolist() == [2, 3.5] and scaled["[0].std"].tolist() == [1, 1.5]
        assert scaled["[2].mean"].tolist() == [6] and scaled["[0].mean"].dtype == np.float64
        checks += 1
        # Tensors in another order, more of them than needed, odd names.
        save_file({"zz": x, **tensors, "a \" \\ ü": x[0], "": x}, path)
        run("let net = dense(3, 4) >> tanh >> layer_norm(4) >> dense(4, 2)\n"
            f'load(net, "{path}")')
        checks += 2
        # What nns does not read is said.
        for array, word in ((np.zeros(2, np.float16), "F16"), (np.array([1, np.nan]), "finite")):
            save_file({"value": array}, path)
            code = f'param w = [1, 2]\nload(w, "{path}")'
            result = subprocess.run([NNS, "-e", code], capture_output=True, text=True)
            assert result.returncode == 1 and word in result.stdout + result.stderr
            checks += 1
    print(f"{checks} checks passed")


if __name__ == "__main__":
    main()
